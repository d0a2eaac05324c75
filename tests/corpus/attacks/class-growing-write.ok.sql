-- what: The log is read.

SELECT count(*) FROM public.audit_log;
