-- what: A direction control in a text turns what one reads.
-- review: invisible-text 5:34 hazard
-- run: cannot the value is written as it stands, and only people can be deceived by it

UPDATE public.events SET note = '‮tpircs' WHERE domain = 'gov';
