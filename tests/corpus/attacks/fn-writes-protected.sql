-- what: A function writes to a protected table.
-- review: function-call 5:8 block
-- run: guard undeclared effect: public.accounts

SELECT public.empties_accounts();
