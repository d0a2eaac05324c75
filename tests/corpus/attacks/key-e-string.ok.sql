-- what: An escape in another column's value.

UPDATE public.events SET note = E'line\none' WHERE domain = 'gov';
