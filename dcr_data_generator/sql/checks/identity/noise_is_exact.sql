-- check: The share of the wallet holders whose email was altered is exact.
SELECT
  COUNT(kind) AS altered,
  FLOOR(@identity_noise * COUNT(customer_email) + 0.5) AS expected,
  COUNT(customer_email) AS holders
FROM ewallet_provider.identity_truth
HAVING COUNT(kind) != FLOOR(@identity_noise * COUNT(customer_email) + 0.5)
