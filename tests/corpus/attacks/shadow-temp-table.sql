-- what: A temporary table takes the name of a shared one.
-- review: temporary-object 5:24 block
-- run: guard undeclared effect: pg_temp

CREATE TEMPORARY TABLE events ON COMMIT DROP AS SELECT * FROM public.events;
