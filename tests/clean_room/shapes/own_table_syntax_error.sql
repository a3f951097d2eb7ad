-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
-- says: Syntax error
SELEC 1
