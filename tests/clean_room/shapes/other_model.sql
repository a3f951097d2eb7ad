-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-predict
-- says: Access Denied
SELECT * FROM ML.PREDICT(MODEL ewallet_model.tier, TABLE merchant_provider.users)
