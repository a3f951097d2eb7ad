-- check: Each kind of phone number has its exact share, among the people of both parties and of each alone.
WITH
  customers AS (
    SELECT
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      ANY_VALUE(phone) AS phone
    FROM merchant_provider.identity_keys
    GROUP BY person
  ),
  people AS (
    SELECT
      IF(customer_email IS NULL, 'wallet', 'both') AS known_to,
      COALESCE(phone_kind, IF(phone IS NULL, 'none at the provider', 'any other')) AS kind
    FROM ewallet_provider.identity_truth
    UNION ALL
    SELECT
      'merchant' AS known_to,
      IF(c.phone IS NULL, 'none at the merchant', 'any other') AS kind
    FROM customers AS c
    LEFT JOIN ewallet_provider.identity_truth AS t ON c.person = LOWER(TRIM(t.customer_email, ' \t\r\n'))
    WHERE t.provider_user_id IS NULL
  ),
  sizes AS (
    SELECT
      known_to,
      COUNT(*) AS people
    FROM people
    GROUP BY known_to
  ),
  shares AS (
    SELECT
      kind,
      MIN(position) AS first,
      MAX(position) + 1 AS next
    FROM UNNEST(@phone_kinds) AS kind WITH OFFSET AS position
    GROUP BY kind
  ),
  expectations AS (
    SELECT
      z.known_to,
      s.kind,
      CEIL(s.next * z.people / ARRAY_LENGTH(@phone_kinds)) - CEIL(s.first * z.people / ARRAY_LENGTH(@phone_kinds))
        AS expected
    FROM sizes AS z
    CROSS JOIN shares AS s
    WHERE z.known_to = 'both'
      OR s.kind = IF(z.known_to = 'wallet', 'none at the provider', 'none at the merchant')
  )
SELECT
  e.known_to,
  e.kind,
  COUNT(p.kind) AS people,
  e.expected
FROM expectations AS e
LEFT JOIN people AS p ON e.known_to = p.known_to AND e.kind = p.kind
GROUP BY e.known_to, e.kind, e.expected
HAVING COUNT(p.kind) != e.expected
