-- what: The child is emptied.

TRUNCATE public.fresh_child;
