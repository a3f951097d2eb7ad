-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/authorized-views
-- says: not supported in a rehearsal
SELECT letter FROM merchant_provider.clean_room_salt, UNNEST(SPLIT(salt, '')) AS letter
