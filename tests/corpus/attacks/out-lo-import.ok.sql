-- what: A path is cut.

SELECT split_part('/etc/hostname', '/', 3);
