-- what: The check of a domain in a list of columns takes a ticket.
-- review: function-call 5:1 block
-- run: residue sequence public.tickets

SELECT a FROM json_to_record('{"a": "x"}') AS r (a public.counted);
