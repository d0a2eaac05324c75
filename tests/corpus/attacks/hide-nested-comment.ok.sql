-- what: The comment goes on to its own end.

/* See /* section 97 */ DELETE FROM public.accounts; */ DELETE FROM public.fresh_child;
