DROP MATERIALIZED VIEW shop."Archive By Month";
DROP TRIGGER "Archived lines stand" ON shop."Order Lines";
DROP FUNCTION shop.fn_archived_lines_stand();
