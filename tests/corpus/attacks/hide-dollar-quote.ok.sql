-- what: A dollar quote that holds a statement as a text.

UPDATE public.events SET note = $a$ $b$; DELETE FROM public.accounts; $a$ WHERE domain = 'gov';
