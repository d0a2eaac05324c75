-- what: An INSERT into a table of this phase, with the same clause.

INSERT INTO public.fresh_alone VALUES (1, 'z') ON CONFLICT (id) DO UPDATE SET note = excluded.note;
