-- what: A row is put into a table of this phase, with every value named.

INSERT INTO public.fresh_child (id, fresh_id) VALUES (7, 2);
