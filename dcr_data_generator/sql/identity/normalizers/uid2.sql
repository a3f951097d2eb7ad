-- purpose: A key by the rules of UID2, https://unifiedid.com/docs/getting-started/gs-normalization-encoding: lower case,
-- no blanks around it, and at gmail.com no dots and no tag. example.net stands in for gmail.com. A phone number, which
-- is a key without an @, is its country code and digits.
CREATE OR REPLACE FUNCTION ewallet_working.uid2(key STRING) AS (
  CASE
    WHEN NOT REGEXP_CONTAINS(key, '@') THEN CONCAT('+', REGEXP_REPLACE(key, '[^0-9]', ''))
    WHEN REGEXP_CONTAINS(LOWER(TRIM(key, ' ')), r'@(gmail\.com|example\.net)$') THEN CONCAT(
      REPLACE(REGEXP_EXTRACT(LOWER(TRIM(key, ' ')), '^[^+@]*'), '.', ''),
      REGEXP_EXTRACT(LOWER(TRIM(key, ' ')), '@[^@]*$')
    )
    ELSE LOWER(TRIM(key, ' '))
  END
)
