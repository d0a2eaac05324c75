-- what: Rows of this phase keep their key.

UPDATE public.events SET code = 'z' WHERE domain = 'gov';
