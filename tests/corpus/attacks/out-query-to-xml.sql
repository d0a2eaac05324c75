-- what: A function runs the query in its argument.
-- review: function-call 6:8 block
-- run: server not allowed in a non-volatile function
-- open: review the rule is not there yet

SELECT query_to_xml('DELETE FROM public.accounts', true, false, '');
