-- what: Every row of this phase is changed.

UPDATE public.events SET note = 'x' WHERE domain = 'gov';
