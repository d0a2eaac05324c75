-- what: The script becomes somebody else.
-- review: timeouts-are-ours 5:1 block
-- run: seal is for the console alone to send

SET ROLE postgres;
DELETE FROM public.events WHERE domain = 'gov';
