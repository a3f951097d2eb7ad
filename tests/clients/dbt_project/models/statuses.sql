{{ config(materialized='incremental', unique_key='status') }}
select o.status, n.meaning, count(*) as orders
from {{ source('merchant_provider', 'orders') }} as o
left join {{ ref('meanings') }} as n on n.status = o.status
group by 1, 2
