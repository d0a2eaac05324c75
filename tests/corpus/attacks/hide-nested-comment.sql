-- what: The comment seems to go on, and has ended.
-- review: write-on-protected 5:56 block
-- run: guard undeclared effect: public.accounts

/* See /* section 97 */ of the runbook. */ DELETE FROM public.accounts; -- */
