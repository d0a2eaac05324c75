-- what: The name of a library is a value.

UPDATE public.events SET note = '$libdir/library' WHERE domain = 'gov';
