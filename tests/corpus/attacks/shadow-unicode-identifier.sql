-- what: Escapes spell the name of a table nobody declared.
-- review: undeclared-object 5:13 block
-- run: guard undeclared effect: public.secrets

DELETE FROM public.U&"\0073ecrets";
