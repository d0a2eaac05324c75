-- what: Every row of this phase's own table.

DELETE FROM public.fresh_alone;
