-- what: The table of this phase is dropped.

DROP TABLE public.fresh_child;
