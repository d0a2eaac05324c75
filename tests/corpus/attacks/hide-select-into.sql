-- what: A SELECT makes a table.
-- review: undeclared-object 5:15 block
-- run: guard undeclared effect: public.taken

SELECT * INTO public.taken FROM public.accounts;
