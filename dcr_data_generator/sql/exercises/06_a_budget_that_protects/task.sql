-- exercise: A budget that protects
-- task: This budget of epsilon 1000 lets somebody ask the same 10 times and average the noise away. Give the view a policy
-- under which the 10th is refused, and question 2 with noise is still answered twice.
-- kind: protect
-- view: ewallet_clean_room.wallet_spend_private
-- start: {"differential_privacy_policy": {"privacy_unit_column": "hashed_email", "max_epsilon_per_query": 1, "epsilon_budget": 1000, "delta_per_query": 0.0001, "delta_budget": 1, "max_groups_contributed": 1}}
-- again: 10
-- hint: A question without an epsilon of its own costs max_epsilon_per_query, and delta_per_query.
-- because: The budget pays for the two answers that are wanted, and ends before the tenth.
-- source: [Dwork and Roth, "The algorithmic foundations of differential privacy"
-- (2014)](https://doi.org/10.1561/0400000042), composition; [noise](attacks.md#noise).
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  AVG(transaction_amount, contribution_bounds_per_group => (0, 500)) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
