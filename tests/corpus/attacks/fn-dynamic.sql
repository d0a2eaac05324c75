-- what: A function runs whatever text it is given.
-- review: function-call 5:8 hazard
-- run: guard undeclared effect: public.accounts

SELECT public.says('DELETE FROM public.accounts');
