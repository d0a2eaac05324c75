-- what: A psql command that runs a program.
-- review: syntax 6:1 block
-- run: seal psql command

DELETE FROM public.events WHERE domain = 'gov';
\! rm -rf /nowhere
