-- purpose: The provider's users whom the merchant knows, by country and age: the ten largest countries, and the rest.
WITH
  known_users AS (
    SELECT
      COALESCE(NULLIF(TRIM(u.country), ''), 'unknown') AS country,
      CASE
        WHEN u.age < 25 THEN '<25'
        WHEN u.age < 35 THEN '25-34'
        WHEN u.age < 45 THEN '35-44'
        WHEN u.age < 55 THEN '45-54'
        WHEN u.age < 65 THEN '55-64'
        WHEN u.age >= 65 THEN '65+'
        ELSE 'unknown'
      END AS age_group,
      COUNT(DISTINCT p.provider_user_id) AS users
    FROM ewallet_provider.provider_users AS p
    JOIN merchant_provider.users AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = LOWER(TRIM(u.email, ' \t\r\n'))
    WHERE p.email IN (SELECT email FROM merchant_provider.users)
    GROUP BY country, age_group
  ),
  countries AS (
    SELECT
      country,
      ROW_NUMBER() OVER (ORDER BY SUM(users) DESC, country) AS place
    FROM known_users
    GROUP BY country
  )
SELECT
  IF(c.place > 10, 'all others', c.country) AS customer_country,
  k.age_group,
  SUM(k.users) AS users
FROM known_users AS k
JOIN countries AS c ON k.country = c.country
GROUP BY customer_country, k.age_group
ORDER BY MIN(c.place), k.age_group
