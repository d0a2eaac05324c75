-- what: A policy hides rows, so that a count means nothing.
-- review: row-security 6:13 hazard
-- run: server row-level security
-- open: review the rule is not there yet

DELETE FROM public.hidden_rows WHERE domain = 'gov';
