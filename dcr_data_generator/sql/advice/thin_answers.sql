-- purpose: The answers that the clean room would withhold whole, because their largest group has fewer people than its
-- aggregation threshold, 50. Often there are none.
WITH
  sizes AS (
    SELECT
      2 AS question,
      p.account_tier AS name,
      COUNT(DISTINCT p.email) AS people
    FROM ewallet_provider.provider_users AS p
    JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id
    GROUP BY name
    UNION ALL
    SELECT
      3 AS question,
      CAST(p.is_verified_user AS STRING) AS name,
      COUNT(DISTINCT p.email) AS people
    FROM ewallet_provider.provider_users AS p
    JOIN merchant_provider.users AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = LOWER(TRIM(u.email, ' \t\r\n'))
    GROUP BY name
  )
SELECT
  question,
  COALESCE(MAX(people), 0) AS people
FROM UNNEST([2, 3]) AS question
LEFT JOIN sizes USING (question)
GROUP BY question
HAVING people < 50
ORDER BY question
