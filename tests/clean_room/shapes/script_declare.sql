-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/multi-statement-queries
-- says: Only a single query is rehearsed
DECLARE lowest FLOAT64 DEFAULT 20; SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend WHERE transaction_amount > lowest GROUP BY account_tier;
