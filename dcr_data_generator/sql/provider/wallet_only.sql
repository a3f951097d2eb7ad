-- purpose: The wallet-only users: the first of the invented emails that no customer has; `invent_people` in people.py.
-- missing_users.sql says whether there are enough.
CREATE OR REPLACE TABLE ewallet_working.wallet_only AS
WITH
  sizes AS (
    SELECT CAST(FLOOR(COUNT(*) * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5) AS INT64) AS users
    FROM ewallet_working.holders
  ),
  first_times AS (
    SELECT
      email,
      MIN(number) AS number
    FROM ewallet_working.invented_emails
    GROUP BY email
  ),
  untaken AS (
    SELECT
      f.number,
      f.email,
      DIV(f.number, 65536) AS bucket
    FROM first_times AS f
    LEFT JOIN ewallet_working.customers AS c ON f.email = c.person
    WHERE c.person IS NULL
  ),
  buckets AS (
    SELECT
      bucket,
      SUM(COUNT(*)) OVER (ORDER BY bucket) - COUNT(*) AS emails_before
    FROM untaken
    GROUP BY bucket
  )
SELECT
  u.email,
  -1 - u.number AS key
FROM untaken AS u
JOIN buckets AS b ON u.bucket = b.bucket
WHERE TRUE
QUALIFY b.emails_before + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY u.number) <= (SELECT users FROM sizes)
