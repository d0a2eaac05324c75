-- what: A write of this phase that changes no value.

UPDATE public.events SET note = note WHERE domain = 'gov';
