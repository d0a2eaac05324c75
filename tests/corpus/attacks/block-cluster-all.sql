-- what: Every clustered table is written anew.
-- review: not-in-a-transaction 6:1 block
-- run: server cannot run inside a transaction block
-- open: review the rule is not there yet

CLUSTER;
