-- what: Rows of this phase are moved into the partition of others.
-- review: outside-key 5:8 hazard
-- run: guard rest-parted

UPDATE public.parted SET region = 'shop' WHERE region = 'gov';
