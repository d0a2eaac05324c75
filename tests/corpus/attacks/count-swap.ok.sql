-- what: One row of this phase's own table for another.

DELETE FROM public.fresh_alone WHERE id = 1;
INSERT INTO public.fresh_alone VALUES (3, 'x');
