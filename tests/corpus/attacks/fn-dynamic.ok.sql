-- what: The text is only measured.

SELECT length('DELETE FROM public.accounts');
