-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: not supported in a rehearsal
SELECT WITH AGGREGATION_THRESHOLD account_tier, SUM((SELECT COUNT(*) FROM UNNEST(SPLIT(w.hashed_email, '')))) AS n FROM ewallet_clean_room.wallet_spend AS w GROUP BY account_tier
