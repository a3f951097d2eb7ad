-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#dp_clause
-- says: Delta is too high
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (delta = 0.5) COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private
