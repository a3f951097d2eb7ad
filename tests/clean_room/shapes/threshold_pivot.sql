-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: not supported in a rehearsal
SELECT * FROM (SELECT account_tier, transaction_amount FROM ewallet_clean_room.wallet_spend) PIVOT (COUNT(*) FOR account_tier IN ('Free'))
