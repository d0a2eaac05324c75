-- what: A message goes into the WAL, outside the transaction.
-- review: function-call 6:8 block
-- run: cannot the message goes to readers of the WAL and no catalog shows it
-- open: review the rule is not there yet

SELECT pg_logical_emit_message(false, 'x', 'y');
