-- what: A file of the server is read into a column.
-- review: function-call 5:33 block
-- run: server permission denied for function pg_read_file

UPDATE public.events SET note = pg_read_file('/etc/hostname') WHERE domain = 'gov';
