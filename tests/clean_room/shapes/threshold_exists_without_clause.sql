-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT EXISTS (SELECT 1 FROM ewallet_clean_room.wallet_spend WHERE transaction_amount > 30) AS is_there
