-- what: A function runs the query in its argument.
-- review: function-call 5:8 block
-- run: server not allowed in a non-volatile function

SELECT query_to_xml('DELETE FROM public.accounts', true, false, '');
