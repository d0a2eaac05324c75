-- what: The key, and another pattern with an escape of its own on another column.

DELETE FROM public.beats WHERE executor LIKE 'gov\_%' AND kind LIKE 'x!%' ESCAPE '!';
