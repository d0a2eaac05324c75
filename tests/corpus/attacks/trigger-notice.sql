-- what: A trigger warns that the row is in use.
-- review: none the trigger writes nothing; what it says shows when it speaks
-- run: guard unexpected WARNING

DELETE FROM public.noisy WHERE domain = 'gov';
