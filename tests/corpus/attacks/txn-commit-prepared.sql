-- what: COMMIT PREPARED finishes the work of another.
-- review: transaction-control 5:1 block
-- run: seal is for the console alone to send

COMMIT PREPARED 'later';
