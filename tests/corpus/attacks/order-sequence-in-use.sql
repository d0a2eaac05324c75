-- what: A sequence goes that a table still draws from.
-- review: undeclared-object 5:15 block
-- run: server because other objects depend on it

DROP SEQUENCE public.fresh_id_seq;
