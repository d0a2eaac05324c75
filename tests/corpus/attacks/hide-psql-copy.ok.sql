-- what: The rows themselves.

INSERT INTO public.fresh_alone VALUES (8, 'a'), (9, 'b');
