-- what: The same comment without the control.

DELETE FROM public.events /* WHERE domain = gov */ WHERE domain = 'gov';
