-- One payment of more than a dollar, with a status.
SELECT * FROM ewallet_provider.transactions
WHERE transaction_amount > 1 AND status IS NOT NULL
ORDER BY order_id
LIMIT 1
