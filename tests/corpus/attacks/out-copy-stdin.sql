-- what: Rows that nobody has reviewed would come in by the same line.
-- review: syntax 9:1 block
-- run: seal is a psql command
-- open: review the rule is not there yet
-- open: run the guard is not there yet

COPY public.fresh_alone FROM STDIN;
3	z
\.
