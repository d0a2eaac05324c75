DROP VIEW public.v_settled;
