-- what: A view's trigger turns the delete on another table.
-- review: redirected-write 5:13 block
-- run: guard undeclared effect: public.accounts

DELETE FROM public.v_instead WHERE domain = 'gov';
