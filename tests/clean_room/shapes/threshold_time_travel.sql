-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Time travel is disabled
SELECT WITH AGGREGATION_THRESHOLD COUNT(*) AS n FROM ewallet_clean_room.wallet_spend FOR SYSTEM_TIME AS OF TIMESTAMP '2025-09-23'
