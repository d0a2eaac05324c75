-- what: Two texts joined, and nothing executed.

UPDATE public.events SET note = 'COM' || 'MIT' WHERE domain = 'gov' AND id = 3;
