-- what: Everything a role owns.
-- review: cascade 5:1 block
-- run: seal is for the console alone to send

DROP OWNED BY corpus_desk;
