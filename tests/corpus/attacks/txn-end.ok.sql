-- what: END closes a CASE, and no transaction.

UPDATE public.events SET note = CASE WHEN id = 1 THEN 'x' ELSE 'y' END WHERE domain = 'gov';
