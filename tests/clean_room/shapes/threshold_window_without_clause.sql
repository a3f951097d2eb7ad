-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT account_tier, ROW_NUMBER() OVER (ORDER BY transaction_amount) AS place FROM ewallet_clean_room.wallet_spend
