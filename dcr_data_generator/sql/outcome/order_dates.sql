-- purpose: The first and the last day on which the snapshot has orders.
SELECT
  DATE(MIN(created_at)) AS first_order,
  DATE(MAX(created_at)) AS last_order
FROM merchant_provider.orders
