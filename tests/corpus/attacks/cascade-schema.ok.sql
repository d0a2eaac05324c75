-- what: A type of this phase, with nothing on it.

DROP TYPE public.fresh_mood;
