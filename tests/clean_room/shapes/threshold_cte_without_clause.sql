-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
WITH w AS (SELECT * FROM ewallet_clean_room.wallet_spend) SELECT AVG(transaction_amount) AS average FROM w
