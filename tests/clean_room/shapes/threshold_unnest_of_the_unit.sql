-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: UNNEST of a column with a shared view or a salt is not supported in a rehearsal
SELECT letter FROM ewallet_clean_room.wallet_spend AS w, UNNEST(SPLIT(w.hashed_email, '')) AS letter
