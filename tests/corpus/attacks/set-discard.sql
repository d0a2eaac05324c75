-- what: DISCARD throws the session's state away.
-- review: timeouts-are-ours 5:1 block
-- run: seal actual DISCARD

DISCARD PLANS;
