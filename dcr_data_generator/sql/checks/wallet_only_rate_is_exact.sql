-- check: The wallet-only rate is exact.
WITH
  wallets AS (
    SELECT EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email) AS is_holder
    FROM ewallet_provider.provider_users AS p
  ),
  counts AS (
    SELECT
      COUNTIF(is_holder) AS holders,
      COUNT(*) AS users
    FROM wallets
  )
SELECT
  users - holders AS wallet_only,
  FLOOR(holders * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5) AS expected_wallet_only,
  holders
FROM counts
WHERE users - holders != FLOOR(holders * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5)
