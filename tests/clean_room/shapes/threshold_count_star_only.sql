-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT COUNT(*) FROM `ewallet_clean_room`.`wallet_spend`
