-- what: Rows that nobody has reviewed would come in by the same line.
-- review: syntax 7:1 block
-- run: seal is a psql command

COPY public.fresh_alone FROM STDIN;
3	z
\.
