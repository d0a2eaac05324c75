-- what: A name with nothing in it that one can see.
-- review: invisible-text 5:24 block
-- run: server does not exist

DELETE FROM public."eve​nts" WHERE domain = 'gov';
