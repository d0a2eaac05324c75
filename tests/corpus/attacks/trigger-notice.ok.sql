-- what: The warning is declared, as reviewers saw it.
-- hazard: trigger-fires
-- notice: 1 WARNING row 1 is in use

DELETE FROM public.noisy WHERE domain = 'gov';
