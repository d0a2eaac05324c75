-- what: The type of this phase is dropped.

DROP TYPE public.fresh_mood;
