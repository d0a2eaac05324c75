DELETE FROM shop.settings
WHERE area = 'archive' AND owner = :'settings_owner' AND months = :'retention_months';

-- Orders may point at a status: retired, never deleted.
UPDATE shop.order_status SET standing = 'retired', retired_at = now()
WHERE code IN ('ARCHIVED', 'PURGED');
