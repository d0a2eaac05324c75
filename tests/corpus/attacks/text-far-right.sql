-- what: The end of the condition stands where nobody scrolls.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain = 'gov'                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        OR true;
