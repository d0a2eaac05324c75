-- what: Of the two columns, the padded one alone.
-- review: outside-key 5:13 block
-- run: guard rest-marks

DELETE FROM public.marks WHERE code = 'gov';
