-- what: The WITH query only reads.

WITH old AS (SELECT id FROM public.events WHERE domain = 'gov') SELECT count(*) FROM old;
