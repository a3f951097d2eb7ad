-- purpose: All of the source's orders. It is only dry-run, which tells how many bytes BigQuery would read.
SELECT *
FROM `bigquery-public-data.thelook_ecommerce.orders` FOR SYSTEM_TIME AS OF @source_time
