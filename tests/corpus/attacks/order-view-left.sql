-- what: A view still shows the table.
-- review: parent-before-child 6:12 block
-- run: server because other objects depend on it

DROP TABLE public.fresh_child;
DROP TABLE public.fresh;
