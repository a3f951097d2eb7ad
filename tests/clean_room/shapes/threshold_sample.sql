-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/table-sampling
-- says: TABLESAMPLE with a shared view
SELECT * FROM ewallet_clean_room.wallet_spend TABLESAMPLE SYSTEM (10 PERCENT)
