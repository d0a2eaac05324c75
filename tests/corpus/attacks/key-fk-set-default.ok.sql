-- what: The child of this phase is given another parent by its own statement.

UPDATE public.fresh_child SET fresh_id = 2;
