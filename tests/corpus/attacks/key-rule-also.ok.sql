-- what: Another write to a table without rules.

UPDATE public.events SET note = 'also' WHERE domain = 'gov';
