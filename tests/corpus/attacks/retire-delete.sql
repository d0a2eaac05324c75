-- what: A code that is only retired is deleted.
-- review: delete-on-retire-only 5:13 block
-- run: guard undeclared effect: public.codes

DELETE FROM public.codes WHERE code = 'A';
