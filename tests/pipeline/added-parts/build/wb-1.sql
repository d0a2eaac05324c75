CREATE TABLE public.batches (id bigint PRIMARY KEY, note text);
INSERT INTO public.batches VALUES (1, 'first'), (2, 'second');
