-- what: A rule that lets nothing be deleted any more.
-- review: undeclared-object 5:13 block
-- run: guard public.events

CREATE RULE keep AS ON DELETE TO public.events DO INSTEAD NOTHING;
