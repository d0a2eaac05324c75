-- what: The code is retired.

UPDATE public.codes SET status = 'retired', retired_at = now() WHERE code IN ('A', 'B');
