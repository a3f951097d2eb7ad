-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/federated_query_functions
-- says: not found
SELECT * FROM EXTERNAL_QUERY('us.connection', 'SELECT 1')
