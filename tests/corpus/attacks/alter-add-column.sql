-- what: A shared table gets another column.
-- review: alter-not-greenfield 5:38 block
-- run: guard undeclared effect: public.events

ALTER TABLE public.events ADD COLUMN more text;
