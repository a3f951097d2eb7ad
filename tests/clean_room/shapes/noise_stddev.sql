-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-dp-functions
-- says: STDDEV_POP is not supported
SELECT WITH DIFFERENTIAL_PRIVACY STDDEV_POP(transaction_amount) AS spread FROM ewallet_clean_room.wallet_spend_private
