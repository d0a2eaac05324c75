-- Drill (97.10): a governance event type got a real handler.
UPDATE public.event_type_registry SET handler_ref = 'handlers.governance.on_found' WHERE event_type = 'governance.candidate.found';
