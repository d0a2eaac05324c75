-- what: The partition keeps its place and loses this phase's rows.

DELETE FROM public.parted WHERE region = 'gov';
