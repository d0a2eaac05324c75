-- what: A backslash in a text.

UPDATE public.events SET note = '\! rm' WHERE domain = 'gov';
