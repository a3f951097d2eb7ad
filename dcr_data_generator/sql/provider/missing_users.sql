-- purpose: How many wallet-only users there are to be, and how many of them have no email yet.
SELECT
  users,
  users - (SELECT COUNT(*) FROM ewallet_working.wallet_only) AS missing
FROM (
  SELECT CAST(FLOOR(COUNT(*) * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5) AS INT64) AS users
  FROM ewallet_working.holders
)
