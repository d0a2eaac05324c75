-- what: The children stay and lose their parent.
-- review: fk-action 6:13 block
-- run: guard undeclared effect: public.kids_blank
-- open: review the rule is not there yet

DELETE FROM public.parents WHERE kind = 'gov' AND id = 2;
