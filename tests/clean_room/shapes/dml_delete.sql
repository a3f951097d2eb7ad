-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
-- says: Only a single query is rehearsed
DELETE FROM ewallet_clean_room.wallet_spend WHERE transaction_amount > 100
