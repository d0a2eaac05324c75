-- what: The emptied table of this phase.

TRUNCATE public.fresh_alone;
