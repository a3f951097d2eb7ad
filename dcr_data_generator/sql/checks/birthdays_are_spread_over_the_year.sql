-- check: Birthdays are spread over the year.
WITH
  birthdays AS (
    SELECT
      CONCAT('month ', FORMAT_DATE('%m', date_of_birth)) AS part_of_the_year,
      COUNT(*) AS users,
      -- The longest month has 31 days.
      SUM(COUNT(*)) OVER () * 31 / 365 AS expected_users
    FROM ewallet_provider.provider_users
    WHERE date_of_birth IS NOT NULL
    GROUP BY part_of_the_year
    UNION ALL
    SELECT
      CONCAT('day ', FORMAT_DATE('%d', date_of_birth)) AS part_of_the_year,
      COUNT(*) AS users,
      -- There are twelve firsts of a month.
      SUM(COUNT(*)) OVER () * 12 / 365 AS expected_users
    FROM ewallet_provider.provider_users
    WHERE date_of_birth IS NOT NULL
    GROUP BY part_of_the_year
  )
SELECT
  part_of_the_year,
  users,
  expected_users
FROM birthdays
-- Ten standard deviations, and ten users: chance alone does not get there.
WHERE users > expected_users + 10 * (1 + SQRT(expected_users))
