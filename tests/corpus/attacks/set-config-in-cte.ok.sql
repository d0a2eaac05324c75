-- what: A WITH query that reads, beside a delete of this phase's own table.

WITH s AS (SELECT id FROM public.events WHERE domain = 'gov')
DELETE FROM public.fresh_child USING s WHERE fresh_child.id = s.id;
