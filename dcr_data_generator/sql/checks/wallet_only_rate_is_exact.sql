-- check: The wallet-only rate is exact.
WITH
  counts AS (
    SELECT
      COUNTIF(EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email)) AS holders,
      COUNT(*) AS users
    FROM ewallet_provider.provider_users AS p
  )
SELECT
  users - holders AS wallet_only,
  FLOOR(holders * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5) AS expected_wallet_only,
  holders
FROM counts
WHERE users - holders != FLOOR(holders * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5)
