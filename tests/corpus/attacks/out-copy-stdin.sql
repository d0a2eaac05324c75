-- what: Rows that nobody has reviewed would come in by the same line.
-- review: syntax 5:1 block
-- run: seal are rows, not SQL

COPY public.fresh_alone FROM STDIN;
3	z
\.
