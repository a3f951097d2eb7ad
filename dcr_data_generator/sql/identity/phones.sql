-- purpose: A phone number for each of them, from a range that the regulator of their country keeps for fiction, as
-- docs/identity.md lists them; who lives where there is none here gets a number of the United States. A range's numbers
-- are given to its people one after the other, and again from the first once they are used up.
CREATE OR REPLACE TABLE ewallet_working.phones AS
WITH
  -- A number is its start, a number from the first one on, the middle, and two digits.
  ranges AS (
    SELECT 'United States' AS country, '+1' AS start, 201 AS first, '55501' AS middle, 59900 AS size
    UNION ALL
    SELECT 'United Kingdom', '+447700900', 0, '', 1000
    UNION ALL
    SELECT 'Germany', '+493023125', 0, '', 1000
    UNION ALL
    SELECT 'France', '+3363998', 10, '', 9000
    UNION ALL
    SELECT 'Australia', '+6125550', 10, '', 9000
  ),
  people AS (
    SELECT
      i.* EXCEPT (country),
      COALESCE(r.country, 'United States') AS country,
      DIV(i.phone_draw, 4503599627370496) AS bucket
    FROM ewallet_working.identities AS i
    LEFT JOIN ranges AS r ON i.country = r.country
  ),
  buckets AS (
    SELECT
      country,
      bucket,
      SUM(COUNT(*)) OVER (PARTITION BY country ORDER BY bucket) - COUNT(*) AS people_before
    FROM people
    GROUP BY country, bucket
  ),
  numbered AS (
    SELECT
      p.* EXCEPT (phone_draw, bucket),
      CAST(
        b.people_before
        + ROW_NUMBER() OVER (PARTITION BY p.country, p.bucket ORDER BY p.phone_draw, p.provider_user_id)
        AS INT64
      ) AS place
    FROM people AS p
    JOIN buckets AS b ON p.country = b.country AND p.bucket = b.bucket
  )
SELECT
  n.* EXCEPT (country, place),
  CONCAT(
    r.start,
    CAST(r.first + DIV(MOD(n.place, r.size), 100) AS STRING),
    r.middle,
    LPAD(CAST(MOD(n.place, 100) AS STRING), 2, '0')
  ) AS phone
FROM numbered AS n
JOIN ranges AS r ON n.country = r.country
