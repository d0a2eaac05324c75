-- what: A function acts with the rights of a superuser.
-- review: function-call 5:8 block
-- run: guard undeclared effect: public.vault

SELECT public.opens_vault();
