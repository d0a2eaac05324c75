-- what: A quote that holds a statement as a text.

UPDATE public.events SET note = 'it''s; DELETE FROM public.accounts WHERE id = 1; --' WHERE domain = 'gov';
