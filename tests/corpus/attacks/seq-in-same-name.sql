-- what: A function of the database has the name of a harmless one, for another type.
-- review: function-call 6:59 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

DELETE FROM public.events AS e WHERE e.domain = 'gov' AND lower(e) IS NOT NULL;
