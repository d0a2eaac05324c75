-- what: A trigger on every later change of definitions.
-- review: undeclared-object 6:22 block
-- run: guard keep_out
-- role: superuser

CREATE EVENT TRIGGER keep_out ON sql_drop EXECUTE FUNCTION public.see_index();
