-- what: A constant is written into the column.

UPDATE public.events SET note = md5('/etc/hostname') WHERE domain = 'gov';
