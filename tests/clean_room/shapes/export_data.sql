-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/export-statements
-- says: Only a single query is rehearsed
EXPORT DATA OPTIONS (uri = 'gs://bucket/*.csv', format = 'CSV') AS SELECT * FROM ewallet_clean_room.wallet_spend
