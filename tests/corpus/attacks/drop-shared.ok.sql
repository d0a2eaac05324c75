-- what: Its rows of this phase are deleted.

DELETE FROM public.grows WHERE domain = 'gov';
