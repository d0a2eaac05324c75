DROP INDEX public.orders_of_batch;
ALTER TABLE public.orders DROP CONSTRAINT total_is_not_negative;
ALTER TABLE public.orders ALTER COLUMN settled DROP DEFAULT;
ALTER TABLE public.orders DROP COLUMN settled, DROP COLUMN batch_id;
