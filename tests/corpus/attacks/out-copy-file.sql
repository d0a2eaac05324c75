-- what: Rows go to a file on the server.
-- review: unreviewed-statement 5:1 block
-- run: server to COPY to a file

COPY (SELECT * FROM public.events) TO '/tmp/rows';
