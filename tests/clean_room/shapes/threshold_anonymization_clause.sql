-- verdict: error
-- source: google/zetasql, documentation
-- says: not in BigQuery's documentation
SELECT WITH ANONYMIZATION OPTIONS (epsilon = 1) COUNT(*) AS n FROM ewallet_clean_room.wallet_spend
