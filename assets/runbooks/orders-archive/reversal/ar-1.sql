DROP TABLE shop."Archive Batches";
DROP SEQUENCE shop.archive_number;
DROP TYPE shop.archive_reason;
