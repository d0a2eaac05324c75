-- what: The parent is dropped before its child.
-- review: parent-before-child 6:12 block
-- run: server because other objects depend on it

DROP VIEW public.v_fresh;
DROP TABLE public.fresh;
DROP TABLE public.fresh_child;
