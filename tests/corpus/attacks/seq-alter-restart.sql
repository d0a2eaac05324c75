-- what: A sequence nobody declared is restarted.
-- review: undeclared-object 6:16 block
-- run: guard tickets
-- open: run the guard is not there yet

ALTER SEQUENCE public.tickets RESTART WITH 500;
