-- purpose: What was paid through the wallet, one row per order.
-- rule: List overlap. A subscriber sees the orders that they have, too, and no others.
CREATE OR REPLACE VIEW ewallet_clean_room.wallet_orders
OPTIONS (
  description = 'What was paid through the wallet, one row per order. List overlap: joined on order_id only.',
  privacy_policy = '{"join_restriction_policy": {"join_condition": "JOIN_ALL", "join_allowed_columns": ["order_id"]}}'
)
AS
SELECT
  order_id,
  transaction_id,
  transaction_amount
FROM ewallet_provider.transactions
