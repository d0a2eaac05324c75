-- what: The children are given to somebody else.
-- review: fk-action 6:13 block
-- run: guard undeclared effect: public.kids_moved
-- open: review the rule is not there yet

DELETE FROM public.parents WHERE kind = 'gov' AND id = 3;
