-- check: User IDs are unique.
SELECT
  id AS user_id,
  COUNT(*) AS users
FROM merchant_provider.users
GROUP BY id
HAVING COUNT(*) > 1 OR id IS NULL
