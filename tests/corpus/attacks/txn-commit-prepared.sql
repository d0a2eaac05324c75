-- what: COMMIT PREPARED finishes the work of another.
-- review: transaction-control 5:1 block
-- run: seal actual COMMIT PREPARED

COMMIT PREPARED 'later';
