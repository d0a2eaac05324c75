-- what: The message is a text.

SELECT concat('x', 'y');
