-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#dp_clause
-- says: privacy unit column
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (privacy_unit_column = account_tier) COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private
