-- what: A view's trigger turns the delete on another table.
-- review: redirected-write 6:13 block
-- run: guard undeclared effect: public.accounts
-- open: review the rule is not there yet

DELETE FROM public.v_instead WHERE domain = 'gov';
