-- what: A function writes to a protected table.
-- review: function-call 6:8 block
-- run: guard undeclared effect: public.accounts
-- open: review the rule is not there yet

SELECT public.empties_accounts();
