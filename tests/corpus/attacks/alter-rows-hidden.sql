-- what: A policy hides rows, so that a count means nothing.
-- review: row-security 5:13 hazard
-- run: server row-level security

DELETE FROM public.hidden_rows WHERE domain = 'gov';
