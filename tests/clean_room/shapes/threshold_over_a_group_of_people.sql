-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD AVG(n) AS payments FROM (SELECT hashed_email, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY hashed_email)
