-- check: An email that differs by more than case and blanks around it is not that of a customer or of another user.
WITH
  others AS (
    SELECT
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      NULL AS provider_user_id
    FROM merchant_provider.users
    UNION ALL
    SELECT
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      provider_user_id
    FROM ewallet_provider.provider_users
  )
SELECT
  t.provider_user_id,
  t.email,
  o.provider_user_id AS other_user
FROM ewallet_provider.identity_truth AS t
JOIN others AS o ON LOWER(TRIM(t.email, ' \t\r\n')) = o.person
WHERE t.kind NOT IN ('case', 'blanks')
  AND t.provider_user_id IS DISTINCT FROM o.provider_user_id
