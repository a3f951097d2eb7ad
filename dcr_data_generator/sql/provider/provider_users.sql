-- purpose: The provider's users. Each column is made in a file of its own, but the number and the email, which are in
-- people.sql.
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
  p.email,
  d.date_of_birth,
  COALESCE(c.city, p.city) AS city,
  t.account_tier,
  v.is_verified_user
FROM ewallet_working.people AS p
LEFT JOIN ewallet_working.date_of_birth AS d ON p.provider_user_id = d.provider_user_id
LEFT JOIN ewallet_working.city AS c ON p.provider_user_id = c.provider_user_id
JOIN ewallet_working.account_tier AS t ON p.provider_user_id = t.provider_user_id
JOIN ewallet_working.is_verified_user AS v ON p.provider_user_id = v.provider_user_id
