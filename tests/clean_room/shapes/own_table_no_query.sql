-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: Syntax error
/* only a comment */
