-- check: The identity keys have each provider user, and each of the merchant's users with an email, once.
WITH
  users_and_keys AS (
    SELECT 'provider' AS party, provider_user_id AS user_id, email, FALSE AS is_key
    FROM ewallet_provider.provider_users
    UNION ALL
    SELECT 'provider', provider_user_id, email, TRUE
    FROM ewallet_provider.identity_keys
    UNION ALL
    SELECT 'merchant', id, email, FALSE
    FROM merchant_provider.users
    WHERE TRIM(email, ' \t\r\n') != ''
    UNION ALL
    SELECT 'merchant', user_id, email, TRUE
    FROM merchant_provider.identity_keys
  )
SELECT
  party,
  user_id,
  email,
  COUNTIF(NOT is_key) AS users,
  COUNTIF(is_key) AS keys
FROM users_and_keys
GROUP BY party, user_id, email
HAVING COUNTIF(NOT is_key) != 1 OR COUNTIF(is_key) != 1
