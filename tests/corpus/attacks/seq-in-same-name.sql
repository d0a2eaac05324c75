-- what: A function of the database has the name of a harmless one, for another type.
-- review: function-call 5:59 block
-- run: residue sequence public.tickets

DELETE FROM public.events AS e WHERE e.domain = 'gov' AND lower(e) IS NOT NULL;
