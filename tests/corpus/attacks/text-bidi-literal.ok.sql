-- what: Hebrew in a text needs no control.

UPDATE public.events SET note = 'שלום' WHERE domain = 'gov';
