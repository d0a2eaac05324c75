-- what: A protected function is given another body.
-- review: write-on-protected 5:28 block
-- run: guard public.plus

CREATE OR REPLACE FUNCTION public.plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
