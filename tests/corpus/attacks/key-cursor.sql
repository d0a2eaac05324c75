-- what: A cursor stands on a row that no condition names.
-- review: unreviewed-statement 6:1 block
-- review: outside-key 8:13 block
-- run: guard expected command tag

DECLARE c CURSOR FOR SELECT * FROM public.events ORDER BY id DESC FOR UPDATE;
FETCH c;
DELETE FROM public.events WHERE CURRENT OF c;
