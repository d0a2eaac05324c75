-- what: An index; an event trigger writes to a table nobody declared.
-- review: undeclared-object 5:14 block
-- run: guard undeclared effect: public.secrets

CREATE INDEX fresh_child_parent ON public.fresh_child (fresh_id);
