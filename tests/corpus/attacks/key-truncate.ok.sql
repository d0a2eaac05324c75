-- what: This phase's own table is emptied.

TRUNCATE TABLE ONLY public.fresh_alone;
