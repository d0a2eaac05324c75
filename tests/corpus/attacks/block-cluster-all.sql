-- what: Every clustered table is written anew.
-- review: not-in-a-transaction 5:1 block
-- run: server cannot run inside a transaction block

CLUSTER;
