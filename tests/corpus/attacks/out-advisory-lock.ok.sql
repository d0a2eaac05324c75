-- what: A table lock, given back by ROLLBACK.

LOCK TABLE public.fresh_alone IN SHARE MODE;
