-- what: The rule that turns the delete away is switched off.
-- review: alter-not-greenfield 5:13 block
-- run: guard public.redirects

ALTER TABLE public.redirects DISABLE RULE redirect;
