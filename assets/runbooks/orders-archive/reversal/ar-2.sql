-- By name, so that a partition nobody has declared is not dropped with the rest.
DROP TABLE shop.orders_archive_2024;
DROP TABLE shop.orders_archive_2025;
DROP TABLE shop.orders_archive;
