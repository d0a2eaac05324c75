-- what: A gap for somebody to fill in.
-- review: placeholder-left 5:33 block
-- run: seal is a gap

DELETE FROM public.events WHERE <origin key>;
