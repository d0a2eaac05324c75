-- what: A condition changes what the patterns of the next statement mean.
-- review: timeouts-are-ours 5:52 block
-- run: guard setting standard_conforming_strings

DELETE FROM public.events WHERE domain = 'gov' AND set_config('standard_conforming_strings', 'off', true) = 'off';
