-- what: The statement of such a block, on rows of this phase.

UPDATE public.events SET note = '0' WHERE domain = 'gov';
