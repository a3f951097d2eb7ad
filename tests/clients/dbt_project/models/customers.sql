{{ config(materialized='table', partition_by={'field': 'first_day', 'data_type': 'date'}, cluster_by=['user_id']) }}
select user_id, orders, date(first_order) as first_day
from {{ ref('first_orders') }}
