-- what: An update of the same table fires nothing.

UPDATE public.widens SET id = id + 10 WHERE domain = 'gov';
