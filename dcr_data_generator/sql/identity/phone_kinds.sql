-- purpose: How each person's phone number differs at the two parties, and whether they write it with brackets. The people
-- of both parties, of the merchant alone, and of the wallet alone are numbered by draw, each by themselves. A number
-- tells the kind, by the list of kinds, and every second has brackets.
CREATE OR REPLACE TABLE ewallet_working.phone_kinds AS
WITH
  people AS (
    SELECT
      * EXCEPT (phone_kind_draw),
      phone_kind_draw AS kind_draw,
      ewallet_working.bucket(phone_kind_draw) AS bucket,
      CASE WHEN provider_user_id IS NULL THEN 'merchant' WHEN email IS NULL THEN 'wallet' ELSE 'both' END AS known_to
    FROM ewallet_working.identities
  ),
  buckets AS (
    SELECT
      known_to,
      bucket,
      SUM(COUNT(*)) OVER (PARTITION BY known_to ORDER BY bucket) - COUNT(*) AS people_before,
      SUM(COUNT(*)) OVER (PARTITION BY known_to) AS people
    FROM people
    GROUP BY known_to, bucket
  ),
  numbers AS (
    SELECT
      p.* EXCEPT (kind_draw, bucket),
      CAST(b.people AS INT64) AS people,
      CAST(
        b.people_before + ROW_NUMBER() OVER (PARTITION BY p.known_to, p.bucket ORDER BY p.kind_draw)
        AS INT64
      ) AS number
    FROM people AS p
    JOIN buckets AS b ON p.known_to = b.known_to AND p.bucket = b.bucket
  )
SELECT
  n.* EXCEPT (people, number),
  kind AS phone_kind,
  MOD(n.number, 2) = 0 AS has_brackets
FROM numbers AS n
JOIN UNNEST(@phone_kinds) AS kind WITH OFFSET AS position
  ON DIV(((n.number - 1) * ARRAY_LENGTH(@phone_kinds)), n.people) = position
