-- what: Rows of this phase are changed where they are.

UPDATE public.parted SET id = id + 100 WHERE region = 'gov';
