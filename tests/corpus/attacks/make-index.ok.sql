-- what: The index of this phase is dropped; the event trigger sees creation only.

DROP INDEX public.fresh_alone_note;
