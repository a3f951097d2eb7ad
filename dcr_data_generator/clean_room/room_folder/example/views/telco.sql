CREATE OR REPLACE VIEW `your-project.telco_room.contracts`
OPTIONS (
  description = 'The contracts of the customers whom the other party has, too.',
  privacy_policy = '''{
    "join_restriction_policy": {
      "join_condition": "JOIN_ALL",
      "join_allowed_columns": ["customer_key"]
    }
  }'''
)
AS
SELECT
  customer_key,
  plan,
  since
FROM `your-project.telco.contracts`;

CREATE OR REPLACE VIEW `your-project.telco_room.bills`
OPTIONS (
  description = 'What customers pay, answered with noise.',
  privacy_policy = '''{
    "differential_privacy_policy": {
      "privacy_unit_column": "customer_key",
      "max_epsilon_per_query": 1,
      "epsilon_budget": 3,
      "delta_per_query": 0.0001,
      "delta_budget": 0.001,
      "max_groups_contributed": 1
    }
  }'''
)
AS
SELECT
  customer_key,
  month,
  amount,
  is_late
FROM `your-project.telco.bills`;
