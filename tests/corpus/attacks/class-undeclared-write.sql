-- what: A table nobody declared is written to.
-- review: undeclared-object 5:13 block
-- run: guard undeclared effect: public.secrets

DELETE FROM public.secrets;
