-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD u.gender, COUNT(DISTINCT w.hashed_email) AS people FROM ewallet_clean_room.wallet_spend AS w JOIN merchant_provider.clean_room_keys AS k ON w.hashed_email = k.hashed_email JOIN merchant_provider.users AS u ON u.id = k.user_id GROUP BY u.gender
