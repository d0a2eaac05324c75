-- what: A length is read.

SELECT length('/tmp/object');
