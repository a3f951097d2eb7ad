-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls
-- rows: 2
SELECT gender, AVG(COUNT(*) GROUP BY user_id) AS orders FROM merchant_provider.orders GROUP BY gender
