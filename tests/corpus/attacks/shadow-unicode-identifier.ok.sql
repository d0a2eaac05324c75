-- what: Escapes spell the name of a declared column.

DELETE FROM public.events WHERE U&"d\006fmain" = 'gov';
