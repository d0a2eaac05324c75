-- what: Both tables by their names.

TRUNCATE public.fresh_child, public.fresh;
