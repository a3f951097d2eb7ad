-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
FROM ewallet_clean_room.wallet_spend |> AGGREGATE COUNT(*) AS n GROUP BY account_tier
