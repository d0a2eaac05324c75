-- Drill (97.10): the guard over triggers was escalated from WARNING to ERROR.
UPDATE public.trigger_guard_settings SET level = 'ERROR';
