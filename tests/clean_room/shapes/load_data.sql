-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/load-statements
-- says: Only a single query is rehearsed
LOAD DATA INTO merchant_provider.more FROM FILES (format = 'CSV', uris = ['gs://bucket/more.csv'])
