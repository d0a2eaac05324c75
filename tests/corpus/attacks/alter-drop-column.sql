-- what: A shared table loses a column, and with it what everybody wrote there.
-- review: alter-not-greenfield 5:37 block
-- run: guard undeclared effect: public.calm

ALTER TABLE public.calm DROP COLUMN domain;
DELETE FROM public.events WHERE domain = 'gov';
