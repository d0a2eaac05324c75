-- what: COPY FROM STDIN without data waits for rows for ever.
-- review: unreviewed-statement 5:1 block
-- run: guard connection was lost

COPY public.fresh_alone FROM STDIN
