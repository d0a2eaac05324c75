-- what: The text of such a call.

UPDATE public.events SET note = 'dblink_exec(''dbname=postgres'')' WHERE domain = 'gov';
