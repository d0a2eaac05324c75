-- what: The same text goes through a function that runs nothing.

SELECT quote_literal('DELETE FROM public.accounts');
