-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
-- says: Only a single query is rehearsed
ALTER VIEW ewallet_clean_room.wallet_spend SET OPTIONS (privacy_policy = NULL)
