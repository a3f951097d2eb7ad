-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT account_tier FROM ewallet_clean_room.wallet_spend QUALIFY ROW_NUMBER() OVER (ORDER BY transaction_amount) = 1
