-- what: A type that others may use gets another value.
-- review: undeclared-object 5:12 block
-- run: guard elsewhere

ALTER TYPE public.stamp ADD ATTRIBUTE elsewhere int;
