-- what: The rows stand in the script.

INSERT INTO public.fresh_alone VALUES (3, 'z');
