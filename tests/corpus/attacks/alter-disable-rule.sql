-- what: The rule that turns the delete away is switched off.
-- review: alter-not-greenfield 6:13 block
-- run: guard public.redirects
-- open: run the guard is not there yet

ALTER TABLE public.redirects DISABLE RULE redirect;
