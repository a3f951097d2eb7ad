-- check: `provider_user_id` is unrelated to the merchant's user IDs and customers.
WITH
  numbered AS (
    SELECT
      p.provider_user_id,
      MIN(u.id) AS user_id,
      IF(COUNT(u.id) = 0, 0, 1) AS is_holder
    FROM ewallet_provider.provider_users AS p
    LEFT JOIN merchant_provider.users AS u ON p.email = u.email
    GROUP BY p.provider_user_id
  ),
  correlations AS (
    SELECT
      'who is a customer' AS told,
      CORR(provider_user_id, is_holder) AS correlation,
      COUNT(*) AS users
    FROM numbered
    UNION ALL
    SELECT
      'the numbers of the merchant' AS told,
      CORR(provider_user_id, user_id) AS correlation,
      COUNT(user_id) AS users
    FROM numbered
  )
SELECT
  told,
  correlation,
  users
FROM correlations
WHERE users > 1
  AND NOT IS_NAN(correlation)
  -- Eight standard deviations of the correlation between numbers drawn at random.
  AND ABS(correlation) > 8 / SQRT(users - 1)
