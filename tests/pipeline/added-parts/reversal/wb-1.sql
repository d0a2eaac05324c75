DROP TABLE public.batches;
