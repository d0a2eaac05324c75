-- what: A function that only computes, and is waived nowhere.

UPDATE public.events SET note = upper(code) WHERE domain = 'gov';
