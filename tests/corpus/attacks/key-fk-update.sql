-- what: The parent's number is changed, and the children follow.
-- review: fk-action 5:8 block
-- run: guard undeclared effect: public.kids_moved

UPDATE public.parents SET id = 50 WHERE kind = 'gov' AND id = 3;
