-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-dp-functions
-- says: MAX is not supported
SELECT WITH DIFFERENTIAL_PRIVACY account_tier, MAX(transaction_amount) AS most FROM ewallet_clean_room.wallet_spend_private GROUP BY account_tier
