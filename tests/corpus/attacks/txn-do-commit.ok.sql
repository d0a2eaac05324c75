-- what: The plain statement that stood in the block.

DELETE FROM public.events WHERE domain = 'gov';
