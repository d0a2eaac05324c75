-- what: A soft hyphen splits a keyword into a name.
-- review: invisible-text 5:49 block
-- run: seal syntax error

DELETE FROM public.events WHERE domain = 'gov' A­ND code = 'a';
