-- what: A text is put together.

UPDATE public.events SET note = 'row_' || 'security' WHERE domain = 'gov';
