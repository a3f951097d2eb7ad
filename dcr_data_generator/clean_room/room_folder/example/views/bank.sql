-- rule: Aggregation threshold. Only groups of enough customers are shown.
CREATE OR REPLACE VIEW bank_room.balances
OPTIONS (
  description = 'What the customers of the bank have, for averages.',
  privacy_policy = '''{
    "aggregation_threshold_policy": {
      "threshold": 2,
      "privacy_unit_column": "customer_key"
    }
  }'''
)
AS
SELECT
  customer_key,
  segment,
  region,
  balance
FROM bank.customers;
