-- what: A type that others may use gets another value.
-- review: undeclared-object 5:12 block
-- run: guard undeclared effect: public.stamp

ALTER TYPE public.stamp ADD ATTRIBUTE elsewhere int;
