-- purpose: How each holder's email differs from the one that the merchant has; NULL where it does not. The share
-- identity_noise of the holders gave another email. People at example.net come first, as many as get a tag or a dot:
-- both mean nothing there only. Then come the people elsewhere, and then the rest of example.net. A holder's number in
-- this order tells the kind, by the list of kinds.
CREATE OR REPLACE TABLE ewallet_working.noise_kinds AS
WITH
  kinds AS (
    SELECT
      kind,
      offset_in_kinds AS position
    FROM UNNEST(@kinds) AS kind WITH OFFSET AS offset_in_kinds
  ),
  sizes AS (
    SELECT
      *,
      LEAST(gmail_like, DIV((altered * gmail_like_kinds + kinds - 1), kinds)) AS gmail_like_first
    FROM (
      SELECT
        COUNTIF(is_gmail_like) AS gmail_like,
        COUNTIF(NOT is_gmail_like) AS others,
        CAST(FLOOR(@identity_noise * COUNT(*) + 0.5) AS INT64) AS altered
      FROM ewallet_working.noise_places
    )
    CROSS JOIN (
      SELECT
        COUNT(*) AS kinds,
        COUNTIF(kind IN ('tag', 'dots')) AS gmail_like_kinds
      FROM kinds
    )
  ),
  numbers AS (
    SELECT
      p.provider_user_id,
      p.is_gmail_like,
      s.altered,
      s.kinds,
      CASE
        WHEN NOT p.is_gmail_like THEN s.gmail_like_first + p.place
        WHEN p.place <= s.gmail_like_first THEN p.place
        ELSE s.others + p.place
      END AS number
    FROM ewallet_working.noise_places AS p
    CROSS JOIN sizes AS s
  )
SELECT
  n.provider_user_id,
  n.number,
  -- If example.net has too few people, the others take the place of a tag or a dot by their case.
  IF(NOT n.is_gmail_like AND k.kind IN ('tag', 'dots'), 'case', k.kind) AS kind
FROM numbers AS n
LEFT JOIN kinds AS k
  ON n.number <= n.altered AND DIV(((n.number - 1) * n.kinds), GREATEST(n.altered, 1)) = k.position
