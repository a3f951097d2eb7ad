-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
-- says: Only a single query is rehearsed
CREATE TABLE merchant_provider.copied AS SELECT * FROM ewallet_clean_room.wallet_spend
