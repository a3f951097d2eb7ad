-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = id) COUNT(*) AS n FROM merchant_provider.users WHERE age > (SELECT AVG(transaction_amount) FROM ewallet_clean_room.wallet_spend)
