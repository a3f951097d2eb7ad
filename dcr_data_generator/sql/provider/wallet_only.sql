-- purpose: The wallet-only users: the first emails of a keyed permutation of all names that no customer has;
-- `invent_emails` in people.py. As many more are made as customers may have one of them.
CREATE OR REPLACE TABLE ewallet_working.wallet_only AS
WITH
  sizes AS (
    SELECT
      (
        SELECT CAST(FLOOR(COUNT(*) * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5) AS INT64)
        FROM ewallet_working.holders
      ) AS users,
      (SELECT COUNT(*) FROM ewallet_working.customers WHERE person LIKE '%@example.___') AS collisions,
      ARRAY_LENGTH(@first_names) AS firsts,
      ARRAY_LENGTH(@last_names) * ARRAY_LENGTH(@domains) AS lasts,
      ARRAY_LENGTH(@first_names) * ARRAY_LENGTH(@last_names) * ARRAY_LENGTH(@domains) AS names
  ),
  -- bqemulator 1.4 drops the brackets of an argument of DIV or MOD: there are two around a sum.
  numbers AS (
    SELECT
      page * 65536 + line AS number,
      users,
      firsts,
      lasts,
      names
    FROM sizes
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, DIV((users + collisions), 65536))) AS page
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, 65535)) AS line
    WHERE users > 0
      AND page * 65536 + line < users + collisions
  ),
  combinations AS (
    SELECT
      *,
      DIV(number, names) AS again,
      DIV(MOD(number, names), lasts) AS first,
      MOD(number, lasts) AS last
    FROM numbers
  ),
  first_step AS (
    SELECT
      * EXCEPT (first),
      MOD(
        (first + ewallet_working.scramble(ewallet_working.salt(@seed, 'first name'), last + again * lasts)),
        firsts
      ) AS first
    FROM combinations
  ),
  second_step AS (
    SELECT
      * EXCEPT (last),
      MOD(
        (last + ewallet_working.scramble(ewallet_working.salt(@seed, 'last name'), first + again * firsts)),
        lasts
      ) AS last
    FROM first_step
  ),
  third_step AS (
    SELECT
      * EXCEPT (first),
      MOD(
        (first + ewallet_working.scramble(ewallet_working.salt(@seed, 'first name again'), last + again * lasts)),
        firsts
      ) AS first
    FROM second_step
  ),
  emails AS (
    SELECT
      s.number,
      s.users,
      CONCAT(first_name, last_name, IF(s.again = 0, '', CAST(s.again AS STRING)), domain) AS email
    FROM third_step AS s
    JOIN UNNEST(@first_names) AS first_name WITH OFFSET AS f ON s.first = f
    JOIN UNNEST(@last_names) AS last_name WITH OFFSET AS l ON DIV(s.last, ARRAY_LENGTH(@domains)) = l
    JOIN UNNEST(@domains) AS domain WITH OFFSET AS d ON MOD(s.last, ARRAY_LENGTH(@domains)) = d
  ),
  untaken AS (
    SELECT
      e.number,
      e.users,
      e.email,
      DIV(e.number, 65536) AS bucket
    FROM emails AS e
    LEFT JOIN ewallet_working.customers AS c ON e.email = c.person
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
QUALIFY b.emails_before + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY u.number) <= u.users
