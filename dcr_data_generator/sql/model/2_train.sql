-- step: Train on the customers of both
-- purpose: Whether a customer's account tier is Premium or Business: the merchant has the features, the wallet the label.
CREATE OR REPLACE MODEL ewallet_model.higher_tier
OPTIONS (
  model_type = 'LOGISTIC_REG',
  input_label_cols = ['has_higher_tier'],
  data_split_method = 'NO_SPLIT'
)
AS
SELECT
  f.* EXCEPT (person, is_held_back),
  IF(w.account_tier = 'Free', 0, 1) AS has_higher_tier
FROM ewallet_model.features AS f
JOIN ewallet_provider.provider_users AS w ON f.person = LOWER(TRIM(w.email, ' \t\r\n'))
WHERE NOT f.is_held_back
