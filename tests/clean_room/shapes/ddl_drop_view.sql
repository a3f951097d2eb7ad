-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
-- says: Only a single query is rehearsed
DROP VIEW ewallet_clean_room.wallet_spend
