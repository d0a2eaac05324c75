-- what: The timeout is taken away.
-- review: timeouts-are-ours 5:1 block
-- run: seal is for the console alone to send

SET LOCAL statement_timeout = 0;
DELETE FROM public.events WHERE domain = 'gov';
