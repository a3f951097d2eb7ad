-- purpose: An email by the rules of UID2, https://unifiedid.com/docs/getting-started/gs-normalization-encoding: lower
-- case, no blanks around it, and at gmail.com no dots and no tag. example.net stands in for gmail.com.
CREATE OR REPLACE FUNCTION ewallet_working.uid2(key STRING) AS (
  IF(
    REGEXP_CONTAINS(LOWER(TRIM(key, ' ')), r'@(gmail\.com|example\.net)$'),
    CONCAT(
      REPLACE(REGEXP_EXTRACT(LOWER(TRIM(key, ' ')), '^[^+@]*'), '.', ''),
      REGEXP_EXTRACT(LOWER(TRIM(key, ' ')), '@[^@]*$')
    ),
    LOWER(TRIM(key, ' '))
  )
)
