-- what: A space that is a letter to the server.
-- review: invisible-text 5:51 block
-- run: seal syntax error

DELETE FROM public.events WHERE domain = 'gov' AND code = 'a';
