-- what: Rows go to a program on the server.
-- review: unreviewed-statement 5:1 block
-- run: server to COPY to or from an external program

COPY public.events TO PROGRAM 'cat';
