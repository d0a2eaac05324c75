-- what: A direction control in a comment makes code look like a comment.
-- review: invisible-text 5:29 block
-- run: guard rest-events

DELETE FROM public.events /*‮ gov = niamod EREHW ⁦*/ WHERE true;
