-- check: `provider_user_id` runs from 1 to n without gaps.
SELECT
  provider_user_id,
  COUNT(*) AS provider_users
FROM ewallet_provider.provider_users
GROUP BY provider_user_id
HAVING COUNT(*) > 1
  OR provider_user_id IS NULL
  OR provider_user_id NOT BETWEEN 1 AND (SELECT COUNT(*) FROM ewallet_provider.provider_users)
