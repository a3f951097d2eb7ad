-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/multi-statement-queries
-- says: Only a single query is rehearsed
CREATE TEMP TABLE t AS SELECT 1 AS one; SELECT * FROM t
