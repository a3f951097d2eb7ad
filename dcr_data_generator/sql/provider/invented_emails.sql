-- purpose: The emails that the seed draws, in their order: a first name, a last name, a copy's six digits, and a domain;
-- `draw_emails` in people.py. A draw picks a place of the names, each of which has as many as it weighs.
CREATE OR REPLACE TABLE ewallet_working.invented_emails AS
WITH
  draws AS (
    SELECT
      number,
      ewallet_working.draw_4(ewallet_working.draw_3(first_name_half)) AS first_name_draw,
      ewallet_working.draw_4(ewallet_working.draw_3(last_name_half)) AS last_name_draw,
      ewallet_working.draw_4(ewallet_working.draw_3(copy_half)) AS copy_draw,
      ewallet_working.draw_4(ewallet_working.draw_3(domain_half)) AS domain_draw
    FROM ewallet_working.name_half_draws
  ),
  places AS (
    SELECT
      d.number,
      ewallet_working.below(d.first_name_draw, f.all_places) AS first_name_place,
      ewallet_working.below(d.last_name_draw, l.all_places) AS last_name_place,
      ewallet_working.below(d.copy_draw, @scale) AS copy_number,
      ewallet_working.below(d.domain_draw, ARRAY_LENGTH(@domains)) AS domain_place
    FROM draws AS d
    CROSS JOIN (SELECT MAX(all_places) AS all_places FROM ewallet_working.names WHERE part = 'first name') AS f
    CROSS JOIN (SELECT MAX(all_places) AS all_places FROM ewallet_working.names WHERE part = 'last name') AS l
  )
SELECT
  p.number,
  CONCAT(f.name, l.name, IF(@scale = 1, '', FORMAT('%06d', p.copy_number)), domain) AS email
FROM places AS p
JOIN ewallet_working.names AS f
  ON f.part = 'first name'
  AND DIV(p.first_name_place, 1048576) = f.page
  AND p.first_name_place BETWEEN f.first_place AND f.last_place
JOIN ewallet_working.names AS l
  ON l.part = 'last name'
  AND DIV(p.last_name_place, 1048576) = l.page
  AND p.last_name_place BETWEEN l.first_place AND l.last_place
JOIN UNNEST(@domains) AS domain WITH OFFSET AS place ON p.domain_place = place
