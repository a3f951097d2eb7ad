-- check: The share of the wallet holders with an address whose email was altered is exact.
SELECT
  COUNT(kind) AS altered,
  FLOOR(@identity_noise * COUNTIF(is_address) + 0.5) AS expected,
  COUNTIF(is_address) AS holders
FROM (
  SELECT
    kind,
    REGEXP_CONTAINS(LOWER(TRIM(customer_email, ' \t\r\n')), r'^[^@]+@[^@]+\.[^.@]+$') AS is_address
  FROM ewallet_provider.identity_truth
)
HAVING COUNT(kind) != FLOOR(@identity_noise * COUNTIF(is_address) + 0.5)
