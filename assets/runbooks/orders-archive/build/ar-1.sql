CREATE TYPE shop.archive_reason AS ENUM ('closed', 'cancelled', 'legal hold');
CREATE SEQUENCE shop.archive_number START WITH 1000;
CREATE TABLE shop."Archive Batches" (
    "Batch Id" integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason shop.archive_reason NOT NULL,
    note text NOT NULL
);
INSERT INTO shop."Archive Batches" (reason, note) VALUES ('closed', 'Đơn hàng đã đóng'), ('legal hold', 'Giữ lại');
