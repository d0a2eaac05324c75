-- what: A table nobody declared is written to.
-- review: undeclared-object 6:13 block
-- run: guard secrets
-- open: run the guard is not there yet

DELETE FROM public.secrets;
