-- what: A comment about it, in a column.

UPDATE public.events SET note = 'NOTIFY countersign' WHERE domain = 'gov';
