-- what: The children are given to somebody else.
-- review: fk-action 5:13 block
-- run: guard undeclared effect: public.kids_moved

DELETE FROM public.parents WHERE kind = 'gov' AND id = 3;
