-- what: The delete is inside the key; its children go with it.
-- review: fk-action 5:13 block
-- run: guard undeclared effect: public.kids_gone

DELETE FROM public.parents WHERE kind = 'gov' AND id = 1;
