-- what: UPDATE … SET sets a column.

UPDATE public.events SET note = 'transaction' WHERE domain = 'gov';
