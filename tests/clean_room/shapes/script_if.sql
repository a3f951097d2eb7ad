-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
-- says: Only a single query is rehearsed
IF TRUE THEN SELECT 1; END IF
