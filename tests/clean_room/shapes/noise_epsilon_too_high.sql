-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Epsilon is too high: 2, policy for table ewallet_clean_room.wallet_spend_private allows max 1
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 2) COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private
