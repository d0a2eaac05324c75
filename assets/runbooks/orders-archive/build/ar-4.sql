INSERT INTO shop.order_status (code, label) VALUES ('ARCHIVED', 'Đã lưu trữ'), ('PURGED', 'Đã xoá');
INSERT INTO shop.settings VALUES
    ('archive', 'kho "Đơn cũ" của O''Hara', 'retention', 'tháng', 24),
    ('archive', 'kho "Đơn cũ" của O''Hara', 'purge', 'không', 24);
