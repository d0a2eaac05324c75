-- what: The counters are read.

SELECT sum(n_tup_ins) FROM pg_catalog.pg_stat_user_tables;
