-- what: The delete is inside the key; its children go with it.
-- review: fk-action 6:13 block
-- run: guard undeclared effect: public.kids_gone
-- open: review the rule is not there yet

DELETE FROM public.parents WHERE kind = 'gov' AND id = 1;
