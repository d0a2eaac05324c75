-- what: The script becomes somebody else.
-- review: timeouts-are-ours 5:1 block
-- run: seal actual SET

SET ROLE postgres;
DELETE FROM public.events WHERE domain = 'gov';
