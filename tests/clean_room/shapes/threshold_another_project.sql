-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM `their-project.ewallet_clean_room.wallet_spend` GROUP BY account_tier
