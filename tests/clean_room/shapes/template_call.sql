-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/query-templates
-- rows: 2
SELECT * FROM ewallet_templates.customer_segmentation(TABLE merchant_provider.clean_room_keys)
