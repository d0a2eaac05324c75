-- what: One row, as a statement.

INSERT INTO public.fresh_alone VALUES (4, E'a\tb')
