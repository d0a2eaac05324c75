-- what: The clock is only read.

DELETE FROM public.events WHERE domain = 'gov' AND clock_timestamp() > statement_timestamp() - make_interval(secs => 60);
