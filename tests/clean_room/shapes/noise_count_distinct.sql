-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-dp-functions
-- says: DISTINCT
SELECT WITH DIFFERENTIAL_PRIVACY COUNT(DISTINCT account_tier) AS n FROM ewallet_clean_room.wallet_spend_private
