-- purpose: How many of the provider's users the merchant knows, and the country of the largest group of them.
WITH
  countries AS (
    SELECT
      u.country,
      COUNT(DISTINCT p.provider_user_id) AS users
    FROM ewallet_provider.provider_users AS p
    JOIN merchant_provider.users AS u ON p.email = u.email
    GROUP BY u.country
  )
SELECT
  (SELECT COUNT(*) FROM ewallet_provider.provider_users) AS provider_users,
  (
    SELECT COUNT(DISTINCT p.provider_user_id)
    FROM ewallet_provider.provider_users AS p
    JOIN merchant_provider.users AS u ON p.email = u.email
  ) AS enriched_users,
  (SELECT country FROM countries ORDER BY users DESC, country LIMIT 1) AS top_country,
  (SELECT MAX(users) FROM countries) AS top_country_users
