CREATE VIEW public.v_settled AS SELECT id FROM public.orders WHERE settled;
