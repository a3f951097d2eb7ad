-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT DISTINCT account_tier FROM ewallet_clean_room.wallet_spend
