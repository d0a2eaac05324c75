-- what: A table nobody declared is locked against everybody.
-- review: undeclared-object 5:12 block
-- run: cannot a lock changes nothing, and it ends with the transaction

LOCK TABLE public.secrets IN ACCESS EXCLUSIVE MODE;
