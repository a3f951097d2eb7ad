-- step: The budget that ends
-- sentence: Who asks often enough could average the noise away, so there is a budget. The next question is
-- refused; this is how many it has paid for here - {answered}.
-- look: The bar of the budget, which is empty. "Start again" fills it; on BigQuery, the owner would have to.
-- notes: The budget belongs to the view. On BigQuery all subscribers share it.
-- shows: budget
-- again: 12
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  AVG(transaction_amount, contribution_bounds_per_group => (0, 500)) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
