CREATE FUNCTION shop.fn_archived_lines_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM shop.orders_archive AS a WHERE a.order_id = OLD."Order Id") THEN
        RAISE EXCEPTION 'order % is archived', OLD."Order Id";
    END IF;
    RETURN OLD;
END;
$$;
CREATE TRIGGER "Archived lines stand" BEFORE DELETE ON shop."Order Lines"
    FOR EACH ROW EXECUTE FUNCTION shop.fn_archived_lines_stand();
CREATE MATERIALIZED VIEW shop."Archive By Month" AS
SELECT date_trunc('month', placed_on::timestamp)::date AS month, reason, count(*) AS orders
FROM shop.orders_archive GROUP BY 1, 2;
