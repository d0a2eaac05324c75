-- what: One to whom the policy does not apply deletes inside the key.
-- role: superuser

DELETE FROM public.hidden_rows WHERE domain = 'gov';
