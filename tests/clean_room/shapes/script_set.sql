-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
-- says: Only a single query is rehearsed
SET x = 5
