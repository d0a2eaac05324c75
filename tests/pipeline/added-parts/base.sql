-- A shop that was there before: orders, a view on them, and a table nobody may touch.
CREATE TABLE public.orders (id bigint PRIMARY KEY, placed_at date NOT NULL, total numeric NOT NULL);
INSERT INTO public.orders SELECT n, DATE '2026-01-01' + n, n * 10 FROM generate_series(1, 20) AS n;
CREATE VIEW public.v_totals AS SELECT placed_at, sum(total) AS total FROM public.orders GROUP BY placed_at;
CREATE TABLE public.sign_offs (id int PRIMARY KEY, note text);
INSERT INTO public.sign_offs VALUES (1, 'kept');
