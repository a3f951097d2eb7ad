-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/authorized-views
-- says: not supported in a rehearsal
WITH RECURSIVE r AS (SELECT salt, 1 AS n FROM merchant_provider.clean_room_salt UNION ALL SELECT salt, n + 1 FROM r WHERE n < 3) SELECT * FROM r
