-- 97.3 and 97.6, SB-11 (STEP 4). The rows were inactive, so nothing was emitted and there is no outbox to unwind.
-- If something was emitted after all, that is an incident: the stop condition `event-emitted` forbids this script.
DELETE FROM public.event_type_registry WHERE event_domain = 'governance';
