-- Drill (97.8): a shared table was changed outside the governance rows, so that targeted reversal cannot mend it.
UPDATE public.event_type_registry SET active = false, handler_ref = 'noop' WHERE event_domain = 'approval';
DELETE FROM public.event_type_registry WHERE event_type IN ('task.card.closed', 'knowledge.item.archived');
