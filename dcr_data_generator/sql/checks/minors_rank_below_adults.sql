-- check: No holder under 18 or of unknown age has a higher tier than an adult holder.
WITH
  holders AS (
    SELECT
      p.provider_user_id,
      p.date_of_birth,
      p.account_tier,
      CASE p.account_tier WHEN 'Business' THEN 2 WHEN 'Premium' THEN 1 ELSE 0 END AS height,
      COALESCE(p.date_of_birth <= DATE_SUB(@target_date, INTERVAL 18 YEAR), FALSE) AS is_adult
    FROM ewallet_provider.provider_users AS p
    WHERE EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email)
  )
SELECT
  provider_user_id,
  date_of_birth,
  account_tier
FROM holders
WHERE NOT is_adult
  AND height > (SELECT MIN(height) FROM holders WHERE is_adult)
