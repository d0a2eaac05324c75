-- what: A rule turns the delete on another table.
-- review: redirected-write 5:13 block
-- run: guard undeclared effect: public.accounts

DELETE FROM public.redirects WHERE domain = 'gov';
