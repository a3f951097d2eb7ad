-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Privacy budget is not sufficient for table 'ewallet_clean_room.wallet_spend_private' in this query.
SELECT a.n + b.n + c.n + d.n AS n FROM (SELECT WITH DIFFERENTIAL_PRIVACY COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private) AS a CROSS JOIN (SELECT WITH DIFFERENTIAL_PRIVACY COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private) AS b CROSS JOIN (SELECT WITH DIFFERENTIAL_PRIVACY COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private) AS c CROSS JOIN (SELECT WITH DIFFERENTIAL_PRIVACY COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private) AS d
