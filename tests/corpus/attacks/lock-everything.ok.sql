-- what: A table of this phase is locked.

LOCK TABLE public.fresh_alone IN ACCESS EXCLUSIVE MODE;
