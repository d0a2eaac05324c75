-- what: A text that names the other file.

UPDATE public.events SET note = '\i other.sql' WHERE domain = 'gov';
