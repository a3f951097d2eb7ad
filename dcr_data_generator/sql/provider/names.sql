-- purpose: The names of which emails are made, each with as many places as it weighs; FIRST_NAMES and
-- LAST_NAMES in people.py. A draw picks a place. Places are joined page by page.
CREATE OR REPLACE TABLE ewallet_working.names AS
WITH
  weights AS (
    SELECT
      'first name' AS part,
      name,
      weight
    FROM UNNEST(@first_names) AS name WITH OFFSET AS place
    JOIN UNNEST(@first_name_weights) AS weight WITH OFFSET AS weights_place ON place = weights_place
    UNION ALL
    SELECT
      'last name' AS part,
      name,
      weight
    FROM UNNEST(@last_names) AS name WITH OFFSET AS place
    JOIN UNNEST(@last_name_weights) AS weight WITH OFFSET AS weights_place ON place = weights_place
  ),
  places AS (
    SELECT
      part,
      name,
      CAST(SUM(weight) OVER (PARTITION BY part ORDER BY name) - weight AS INT64) AS first_place,
      CAST(SUM(weight) OVER (PARTITION BY part ORDER BY name) - 1 AS INT64) AS last_place,
      CAST(SUM(weight) OVER (PARTITION BY part) AS INT64) AS all_places
    FROM weights
  )
SELECT
  part,
  name,
  first_place,
  last_place,
  all_places,
  page
FROM places
CROSS JOIN UNNEST(GENERATE_ARRAY(DIV(first_place, 1048576), DIV(last_place, 1048576))) AS page
