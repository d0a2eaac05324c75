-- what: A function acts with the rights of a superuser.
-- review: function-call 6:8 block
-- run: guard undeclared effect: public.vault
-- open: review the rule is not there yet

SELECT public.opens_vault();
