-- check: The wallet-only rate is exact.
WITH
  counts AS (
    SELECT
      COUNTIF(u.person IS NOT NULL) AS holders,
      COUNTIF(u.person IS NULL) AS wallet_only
    FROM ewallet_provider.provider_users AS p
    LEFT JOIN (
      SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS person
      FROM merchant_provider.users
    ) AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = u.person
  )
SELECT
  wallet_only,
  FLOOR(holders * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5) AS expected_wallet_only,
  holders
FROM counts
WHERE wallet_only != FLOOR(holders * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5)
