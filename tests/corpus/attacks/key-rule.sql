-- what: A rule turns the delete on another table.
-- review: redirected-write 6:13 block
-- run: guard undeclared effect: public.accounts
-- open: review the rule is not there yet

DELETE FROM public.redirects WHERE domain = 'gov';
