-- what: A rule writes besides to a table nobody declared.
-- review: redirected-write 5:13 block
-- run: guard undeclared effect: public.secrets

DELETE FROM public.doubles WHERE domain = 'gov';
