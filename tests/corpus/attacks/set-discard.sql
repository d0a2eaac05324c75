-- what: DISCARD throws the session's state away.
-- review: timeouts-are-ours 5:1 block
-- run: seal is for the console alone to send

DISCARD PLANS;
