-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT id FROM merchant_provider.users WHERE 'Business' IN (SELECT account_tier FROM ewallet_clean_room.wallet_spend)
