-- what: A trigger warns that the row is in use.
-- review: trigger-fires 5:13 note
-- run: guard unexpected WARNING

DELETE FROM public.noisy WHERE domain = 'gov';
