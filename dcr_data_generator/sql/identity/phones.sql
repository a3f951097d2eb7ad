-- purpose: The phone number that each of them has at the merchant and at the wallet, as their kind says. They are from
-- ranges that the regulator of a country keeps for fiction, as docs/identity.md lists them; who lives where there is none
-- here gets a number of the United States. A range's numbers are given to its people one after the other, and again from
-- the first once they are used up.
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
  numbers AS (
    SELECT
      p.* EXCEPT (country, phone_draw, other_phone_draw),
      COALESCE(r.country, 'United States') AS country,
      is_second,
      IF(is_second, p.other_phone_draw, p.phone_draw) AS draw,
      ewallet_working.bucket(IF(is_second, p.other_phone_draw, p.phone_draw)) AS bucket
    FROM ewallet_working.phone_kinds AS p
    CROSS JOIN UNNEST([FALSE, TRUE]) AS is_second
    LEFT JOIN ranges AS r ON p.country = r.country
    WHERE NOT is_second
      OR (p.known_to = 'both' AND p.phone_kind = 'another')
  ),
  buckets AS (
    SELECT
      country,
      bucket,
      SUM(COUNT(*)) OVER (PARTITION BY country ORDER BY bucket) - COUNT(*) AS numbers_before
    FROM numbers
    GROUP BY country, bucket
  ),
  places AS (
    SELECT
      n.* EXCEPT (draw, bucket),
      CAST(
        b.numbers_before
        + ROW_NUMBER() OVER (PARTITION BY n.country, n.bucket ORDER BY n.draw, n.provider_user_id)
        AS INT64
      ) AS place
    FROM numbers AS n
    JOIN buckets AS b ON n.country = b.country AND n.bucket = b.bucket
  ),
  -- Where a range is used up, a second number could be the first one: then it is the next.
  apart AS (
    SELECT
      p.* EXCEPT (country, place),
      r.start,
      r.first,
      r.middle,
      MOD((p.place + IF(MOD((p.place - f.place), r.size) = 0, 1, 0)), r.size) AS number
    FROM places AS p
    JOIN ranges AS r ON p.country = r.country
    LEFT JOIN places AS f ON p.is_second AND NOT f.is_second AND p.person = f.person
  ),
  phones AS (
    SELECT
      * EXCEPT (start, first, middle, number),
      CONCAT(start, CAST(first + DIV(number, 100) AS STRING), middle, LPAD(CAST(MOD(number, 100) AS STRING), 2, '0')) AS phone
    FROM apart
  ),
  parties AS (
    SELECT
      f.* EXCEPT (is_second, phone),
      IF(f.known_to = 'wallet' OR f.phone_kind = 'none at the merchant', NULL, f.phone) AS customer_phone,
      IF(f.phone_kind = 'none at the provider', NULL, COALESCE(s.phone, f.phone)) AS true_phone
    FROM phones AS f
    LEFT JOIN phones AS s ON f.person = s.person AND s.is_second
    WHERE NOT f.is_second
  )
SELECT
  * EXCEPT (known_to, phone_kind, has_brackets),
  IF(known_to = 'both', phone_kind, NULL) AS phone_kind,
  IF(
    has_brackets,
    REGEXP_REPLACE(true_phone, r'^\+(1|33|44|49|61)(\d\d\d)(\d+)(\d\d\d\d)$', r'\1 (\2) \3-\4'),
    true_phone
  ) AS phone
FROM parties
