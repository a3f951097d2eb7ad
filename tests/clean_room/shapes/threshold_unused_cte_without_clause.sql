-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
WITH w AS (SELECT * FROM ewallet_clean_room.wallet_spend) SELECT 1 AS one
