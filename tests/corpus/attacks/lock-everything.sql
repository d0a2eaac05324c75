-- what: A table nobody declared is locked against everybody.
-- review: undeclared-object 5:12 block
-- run: guard public.secrets

LOCK TABLE public.secrets IN ACCESS EXCLUSIVE MODE;
