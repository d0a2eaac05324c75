-- what: A message to whoever listens.
-- review: unreviewed-statement 5:1 block
-- run: cannot the server delivers it at COMMIT only, and a rehearsal has none

NOTIFY countersign, 'go';
