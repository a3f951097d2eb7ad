-- verdict: allowed
-- source: somebody's notes, against the page on the clause: BigQuery answered it
-- withheld: Business: 33 people
SELECT WITH AGGREGATION_THRESHOLD account_tier FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
