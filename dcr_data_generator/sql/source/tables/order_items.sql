-- purpose: All of the source's order_items. It is only dry-run, which tells how many bytes BigQuery would read.
SELECT *
FROM `bigquery-public-data.thelook_ecommerce.order_items` FOR SYSTEM_TIME AS OF @source_time
