-- purpose: The truth: which customer a wallet's user is, and how their email and phone number are written. Of the
-- holders, the share identity_noise gave another email than the merchant has. Those are numbered so that people at
-- example.net, which stands in for gmail.com, come first, as many as get a tag or a dot: both mean nothing there only.
-- Then come the people elsewhere, and then the rest of example.net. A number tells the kind, by the list of kinds.
CREATE OR REPLACE TABLE ewallet_provider.identity_truth (
  provider_user_id INT64 NOT NULL OPTIONS (description = 'The user, in provider_users.'),
  customer_email STRING OPTIONS (description = 'The email of this customer at the merchant; NULL for wallet-only users.'),
  kind STRING OPTIONS (description = 'How the email differs from it; NULL where it does not.'),
  email STRING NOT NULL OPTIONS (description = 'The email that the provider has.'),
  true_phone STRING NOT NULL OPTIONS (description = 'The phone number, in E.164.'),
  phone STRING NOT NULL OPTIONS (description = 'The phone number as the user wrote it.')
) AS
WITH
  holders AS (
    SELECT
      *,
      DIV(noise_draw, 4503599627370496) AS bucket,
      REGEXP_CONTAINS(person, r'^[^@]+@example\.net$') AS is_gmail_like
    FROM ewallet_working.phones
    WHERE email IS NOT NULL
      AND provider_user_id IS NOT NULL
  ),
  buckets AS (
    SELECT
      is_gmail_like,
      bucket,
      SUM(COUNT(*)) OVER (PARTITION BY is_gmail_like ORDER BY bucket) - COUNT(*) AS holders_before
    FROM holders
    GROUP BY is_gmail_like, bucket
  ),
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
      FROM holders
    )
    CROSS JOIN (
      SELECT
        COUNT(*) AS kinds,
        COUNTIF(kind IN ('tag', 'dots')) AS gmail_like_kinds
      FROM kinds
    )
  ),
  places AS (
    SELECT
      h.*,
      CAST(
        b.holders_before
        + ROW_NUMBER() OVER (PARTITION BY h.is_gmail_like, h.bucket ORDER BY h.noise_draw)
        AS INT64
      ) AS place
    FROM holders AS h
    JOIN buckets AS b ON h.is_gmail_like = b.is_gmail_like AND h.bucket = b.bucket
  ),
  numbers AS (
    SELECT
      p.* EXCEPT (place),
      s.altered,
      s.kinds,
      CASE
        WHEN NOT p.is_gmail_like THEN s.gmail_like_first + p.place
        WHEN p.place <= s.gmail_like_first THEN p.place
        ELSE s.others + p.place
      END AS number
    FROM places AS p
    CROSS JOIN sizes AS s
  ),
  written AS (
    SELECT
      n.*,
      -- Where example.net has too few people, the others take the place of a tag or a dot by their case.
      IF(NOT n.is_gmail_like AND k.kind IN ('tag', 'dots'), 'case', k.kind) AS kind
    FROM numbers AS n
    LEFT JOIN kinds AS k
      ON n.number <= n.altered AND DIV(((n.number - 1) * n.kinds), GREATEST(n.altered, 1)) = k.position
  )
SELECT
  provider_user_id,
  email AS customer_email,
  kind,
  CASE kind
    WHEN 'case' THEN CASE
      WHEN UPPER(email) != email AND LOWER(UPPER(email)) = LOWER(email) THEN UPPER(email)
      WHEN LOWER(email) != email THEN LOWER(email)
      ELSE CONCAT(email, ' ')
    END
    WHEN 'blanks' THEN CONCAT(email, ' ')
    WHEN 'blank inside' THEN REPLACE(person, '@', ' @')
    WHEN 'tag' THEN REPLACE(person, '@', '+wallet@')
    WHEN 'dots' THEN CONCAT(SUBSTR(person, 1, 1), '.', SUBSTR(person, 2))
    WHEN 'second address' THEN REPLACE(person, '@', CONCAT('.', CAST(provider_user_id AS STRING), '@second.'))
    WHEN 'typo' THEN REGEXP_REPLACE(person, r'\.([^.]*)$', r',\1')
    ELSE wallet_email
  END AS email,
  phone AS true_phone,
  IF(MOD(number, 2) = 0, REGEXP_REPLACE(phone, r'^\+(1|33|44|49|61)(\d\d\d)(\d+)(\d\d\d\d)$', r'\1 (\2) \3-\4'), phone) AS phone
FROM written
UNION ALL
SELECT
  provider_user_id,
  CAST(NULL AS STRING) AS customer_email,
  CAST(NULL AS STRING) AS kind,
  wallet_email AS email,
  phone AS true_phone,
  IF(
    MOD(provider_user_id, 2) = 0,
    REGEXP_REPLACE(phone, r'^\+(1|33|44|49|61)(\d\d\d)(\d+)(\d\d\d\d)$', r'\1 (\2) \3-\4'),
    phone
  ) AS phone
FROM ewallet_working.phones
WHERE email IS NULL
