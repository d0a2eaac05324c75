-- what: A rule that lets nothing be deleted any more.
-- review: alter-not-greenfield 5:34 block
-- run: guard public.events

CREATE RULE keep AS ON DELETE TO public.events DO INSTEAD NOTHING;
