-- purpose: The same provider_users with the emails that people gave.
CREATE OR REPLACE TABLE ewallet_provider.provider_users (
  provider_user_id INT64 NOT NULL,
  email STRING NOT NULL,
  date_of_birth DATE,
  city STRING,
  account_tier STRING,
  is_verified_user BOOL
) AS
SELECT
  p.provider_user_id,
  t.email,
  p.date_of_birth,
  p.city,
  p.account_tier,
  p.is_verified_user
FROM ewallet_provider.provider_users AS p
JOIN ewallet_provider.identity_truth AS t ON p.provider_user_id = t.provider_user_id
