-- purpose: The merchant's orders and their worth in US dollars, through the wallet and otherwise, by status: the ten
-- most frequent statuses, and the rest.
WITH
  totals AS (
    SELECT
      order_id,
      SUM(sale_price) AS total
    FROM merchant_provider.order_items
    GROUP BY order_id
  ),
  by_status AS (
    SELECT
      COALESCE(o.status, 'unknown') AS order_status,
      COUNT(t.order_id) AS wallet_orders,
      COUNTIF(t.order_id IS NULL) AS other_orders,
      COALESCE(SUM(t.transaction_amount), 0) AS wallet_sales,
      COALESCE(SUM(IF(t.order_id IS NULL, totals.total, 0)), 0) AS other_sales
    FROM merchant_provider.orders AS o
    LEFT JOIN ewallet_provider.transactions AS t ON o.order_id = t.order_id
    LEFT JOIN totals ON o.order_id = totals.order_id
    GROUP BY order_status
  ),
  ranked AS (
    SELECT
      *,
      ROW_NUMBER() OVER (ORDER BY wallet_orders + other_orders DESC, order_status) AS place
    FROM by_status
  )
SELECT
  IF(place > 10, 'all others', order_status) AS status,
  SUM(wallet_orders) AS wallet_orders,
  SUM(other_orders) AS other_orders,
  ROUND(SUM(wallet_sales), 2) AS wallet_sales,
  ROUND(SUM(other_sales), 2) AS other_sales
FROM ranked
GROUP BY status
ORDER BY MIN(place)
