-- verdict: refused
-- source: google/zetasql, analyzer/testdata/aggregate_filtering_errors.test
-- says: WHERE filter modifiers
SELECT WITH AGGREGATION_THRESHOLD COUNT(* WHERE transaction_amount > 20) AS n FROM ewallet_clean_room.wallet_spend
