-- what: A sequence nobody declared is restarted.
-- review: undeclared-object 5:16 block
-- run: guard undeclared effect: public.tickets

ALTER SEQUENCE public.tickets RESTART WITH 500;
