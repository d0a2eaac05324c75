-- what: Entries are taken out of a log that only grows.
-- review: write-on-protected 5:13 block
-- run: guard audit-log

DELETE FROM public.audit_log WHERE id = 1;
