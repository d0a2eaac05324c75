-- what: A function is made to run with its owner's rights.
-- review: write-on-protected 5:16 block
-- run: guard public.plus

ALTER FUNCTION public.plus(int, int) SECURITY DEFINER;
