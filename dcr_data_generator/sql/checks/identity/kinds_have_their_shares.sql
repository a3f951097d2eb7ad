-- check: Each kind of altered email has its exact share; the kinds for example.net have no more people than that has.
WITH
  shares AS (
    SELECT
      kind,
      kind IN ('tag', 'dots') AS is_gmail_like,
      MIN(position) AS first,
      MAX(position) + 1 AS next
    FROM UNNEST(@kinds) AS kind WITH OFFSET AS position
    GROUP BY kind
  ),
  holders AS (
    SELECT
      COUNTIF(REGEXP_CONTAINS(LOWER(TRIM(customer_email, ' \t\r\n')), r'^[^@]+@example\.net$')) AS gmail_like,
      CAST(FLOOR(@identity_noise * COUNT(*) + 0.5) AS INT64) AS altered
    FROM ewallet_provider.identity_truth
    WHERE REGEXP_CONTAINS(LOWER(TRIM(customer_email, ' \t\r\n')), r'^[^@]+@[^@]+\.[^.@]+$')
  ),
  expectations AS (
    SELECT
      s.kind,
      IF(s.is_gmail_like, LEAST(CEIL(s.first * h.altered / ARRAY_LENGTH(@kinds)), h.gmail_like),
        CEIL(s.first * h.altered / ARRAY_LENGTH(@kinds))) AS people_before,
      IF(s.is_gmail_like, LEAST(CEIL(s.next * h.altered / ARRAY_LENGTH(@kinds)), h.gmail_like),
        CEIL(s.next * h.altered / ARRAY_LENGTH(@kinds))) AS people_to
    FROM shares AS s
    CROSS JOIN holders AS h
    WHERE s.kind != 'case'
  )
SELECT
  e.kind,
  COUNT(t.kind) AS people,
  e.people_to - e.people_before AS expected
FROM expectations AS e
LEFT JOIN ewallet_provider.identity_truth AS t ON e.kind = t.kind
GROUP BY e.kind, e.people_before, e.people_to
HAVING COUNT(t.kind) != e.people_to - e.people_before
