-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: STRING_AGG is not supported
SELECT WITH AGGREGATION_THRESHOLD STRING_AGG(hashed_email) AS emails FROM ewallet_clean_room.wallet_spend
