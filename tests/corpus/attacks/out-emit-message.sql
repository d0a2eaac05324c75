-- what: A message goes into the WAL, outside the transaction.
-- review: function-call 5:8 block
-- run: cannot the message goes to readers of the WAL and no catalog shows it

SELECT pg_logical_emit_message(false, 'x', 'y');
