-- check: Transaction IDs are unique UUIDs.
SELECT
  transaction_id,
  COUNT(*) AS transactions
FROM ewallet_provider.transactions
GROUP BY transaction_id
HAVING COUNT(*) > 1
  OR transaction_id IS NULL
  OR NOT REGEXP_CONTAINS(transaction_id, r'^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')
