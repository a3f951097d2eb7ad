-- check: The wallet-only rate is exact.
WITH
  counts AS (
    SELECT
      COUNT(u.email) AS holders,
      COUNT(*) AS users
    FROM ewallet_provider.provider_users AS p
    LEFT JOIN (SELECT DISTINCT email FROM merchant_provider.users) AS u ON p.email = u.email
  )
SELECT
  users - holders AS wallet_only,
  FLOOR(holders * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5) AS expected_wallet_only,
  holders
FROM counts
WHERE users - holders != FLOOR(holders * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5)
