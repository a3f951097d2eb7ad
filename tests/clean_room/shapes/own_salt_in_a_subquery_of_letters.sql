-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/authorized-views
-- says: not supported in a rehearsal
SELECT (SELECT STRING_AGG(letter) FROM UNNEST(SPLIT(s.salt, '')) AS letter) AS salt FROM merchant_provider.clean_room_salt AS s
