-- what: The children stay and lose their parent.
-- review: fk-action 5:13 block
-- run: guard undeclared effect: public.kids_blank

DELETE FROM public.parents WHERE kind = 'gov' AND id = 2;
