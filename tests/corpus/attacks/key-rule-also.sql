-- what: A rule writes besides to a table nobody declared.
-- review: redirected-write 6:13 block
-- run: guard undeclared effect: public.secrets
-- open: review the rule is not there yet

DELETE FROM public.doubles WHERE domain = 'gov';
