-- what: The same list without the domain.

SELECT a FROM json_to_record('{"a": "x"}') AS r (a text);
