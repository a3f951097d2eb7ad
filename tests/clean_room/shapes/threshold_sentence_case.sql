-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
select with aggregation_threshold options (Threshold = 50) account_tier, count(*) as n from ewallet_clean_room.wallet_spend group by account_tier
