-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
-- says: Only a single query is rehearsed
GRANT `roles/bigquery.dataViewer` ON SCHEMA ewallet_provider TO 'user:ann@example.com'
