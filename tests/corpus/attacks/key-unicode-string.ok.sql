-- what: Unicode escapes in another column's value.

UPDATE public.events SET note = U&'d\0061ta' WHERE domain = 'gov';
