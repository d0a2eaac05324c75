-- what: The right verb.

DROP TABLE public.fresh_child;
