-- what: A role is a word here.

UPDATE public.events SET note = 'role postgres' WHERE domain = 'gov';
