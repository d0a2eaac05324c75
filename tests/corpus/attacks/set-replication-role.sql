-- what: No trigger and no foreign key would fire.
-- review: timeouts-are-ours 6:1 block
-- run: seal is for the console alone to send
-- role: superuser

SET LOCAL session_replication_role = replica;
DELETE FROM public.parents WHERE kind = 'gov';
