-- what: Comparing a text with a number is given another meaning.
-- review: unreviewed-statement 5:1 block
-- run: guard expected command tag

CREATE OPERATOR public.#= (LEFTARG = int, RIGHTARG = int, FUNCTION = public.plus);
