-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
-- says: Table not found
SELECT COUNT(*) AS n FROM ewallet_clean_room.WALLET_SPEND
