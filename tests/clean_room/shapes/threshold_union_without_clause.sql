-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT country FROM merchant_provider.users UNION ALL SELECT account_tier FROM ewallet_clean_room.wallet_spend
