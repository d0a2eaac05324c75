-- what: Entries are taken out of a log that only grows.
-- review: write-on-protected 5:13 block
-- run: guard undeclared effect: public.audit_log

DELETE FROM public.audit_log WHERE id = 1;
