select user_id, min(created_at) as first_order, count(*) as orders
from {{ source('merchant_provider', 'orders') }}
group by user_id
