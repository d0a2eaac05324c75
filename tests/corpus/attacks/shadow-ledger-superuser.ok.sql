-- what: The superuser empties a table of this phase.
-- role: superuser

TRUNCATE public.fresh_child;
