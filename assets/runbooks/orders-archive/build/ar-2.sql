CREATE TABLE shop.orders_archive (
    archive_number bigint NOT NULL DEFAULT nextval('shop.archive_number'),
    order_id bigint NOT NULL REFERENCES shop.orders (id),
    placed_on date NOT NULL,
    "Batch Id" integer NOT NULL REFERENCES shop."Archive Batches" ("Batch Id"),
    reason shop.archive_reason NOT NULL,
    PRIMARY KEY (placed_on, archive_number)
) PARTITION BY RANGE (placed_on);
CREATE TABLE shop.orders_archive_2024 PARTITION OF shop.orders_archive FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.orders_archive_2025 PARTITION OF shop.orders_archive FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX orders_archive_order ON shop.orders_archive (order_id);
INSERT INTO shop.orders_archive (order_id, placed_on, "Batch Id", reason)
SELECT id, placed_on, 1, 'closed' FROM shop.orders WHERE status_code = 'DONE' AND placed_on < '2026-01-01' ORDER BY id;
