-- what: A function is made that takes the name of a harmless one.
-- review: undeclared-object 5:17 block
-- run: guard undeclared effect: public.upper

CREATE FUNCTION public.upper(int) RETURNS text LANGUAGE sql AS 'SELECT ''x''';
