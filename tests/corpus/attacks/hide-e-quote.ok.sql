-- what: In a text with E the backslash keeps it open.

UPDATE public.events SET note = E'\' WHERE id = 1; DELETE FROM public.accounts; --' WHERE domain = 'gov';
