-- check: Every order is paid at most once.
SELECT
  order_id,
  COUNT(*) AS transactions
FROM ewallet_provider.transactions
GROUP BY order_id
HAVING COUNT(*) > 1 OR order_id IS NULL
