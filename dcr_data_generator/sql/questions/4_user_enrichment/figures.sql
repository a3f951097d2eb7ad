-- purpose: How many of the provider's users the merchant knows, from how many user records, and the country of the
-- largest group of them, or the countries if several groups are equally large. A user whom an email matches has all
-- records of that person, also those that spell the email otherwise.
WITH
  known_users AS (
    SELECT
      p.provider_user_id,
      COALESCE(NULLIF(TRIM(u.country), ''), 'an unknown country') AS home
    FROM ewallet_provider.provider_users AS p
    JOIN merchant_provider.users AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = LOWER(TRIM(u.email, ' \t\r\n'))
    WHERE p.email IN (SELECT email FROM merchant_provider.users)
  ),
  countries AS (
    SELECT
      home,
      COUNT(DISTINCT provider_user_id) AS users
    FROM known_users
    GROUP BY home
  )
SELECT
  (SELECT COUNT(*) FROM ewallet_provider.provider_users) AS provider_users,
  (SELECT COUNT(DISTINCT provider_user_id) FROM known_users) AS enriched_users,
  (SELECT COUNT(*) FROM known_users) AS user_records,
  (SELECT MAX(users) FROM countries) AS largest_group,
  (SELECT COUNT(*) FROM countries WHERE users = (SELECT MAX(users) FROM countries)) AS largest_groups,
  (
    SELECT STRING_AGG(home, ' and ' ORDER BY home)
    FROM countries
    WHERE users = (SELECT MAX(users) FROM countries)
  ) AS homes
