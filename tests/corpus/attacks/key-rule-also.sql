-- what: A rule writes besides to a table nobody declared.
-- review: redirected-write 7:13 block
-- run: guard secrets
-- open: review the rule is not there yet
-- open: run the guard is not there yet

DELETE FROM public.doubles WHERE domain = 'gov';
