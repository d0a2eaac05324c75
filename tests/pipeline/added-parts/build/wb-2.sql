ALTER TABLE public.orders ADD COLUMN batch_id bigint REFERENCES public.batches (id);
ALTER TABLE public.orders ADD COLUMN settled boolean NOT NULL DEFAULT false;
ALTER TABLE public.orders ADD CONSTRAINT total_is_not_negative CHECK (total >= 0);
CREATE INDEX orders_of_batch ON public.orders (batch_id);
UPDATE public.orders SET batch_id = 1 WHERE id <= 3;
