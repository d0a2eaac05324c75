-- what: A policy hides rows, so that a count means nothing.
-- review: none the pinned row_security lets the server refuse what a policy would hide
-- run: server row-level security

DELETE FROM public.hidden_rows WHERE domain = 'gov';
