-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(DISTINCT hashed_email) AS people FROM ewallet_clean_room.wallet_spend WHERE hashed_email IN (SELECT k.hashed_email FROM merchant_provider.clean_room_keys AS k JOIN merchant_provider.users AS u ON u.id = k.user_id WHERE u.gender = 'F') GROUP BY account_tier
