-- purpose: A key by the rules of Google's Customer Match,
-- https://developers.google.com/display-video/api/guides/tasks/upload-customer-match-audience/prepare-data: lower case,
-- and no blank anywhere. A phone number, a key without that sign, is its country code and digits.
CREATE OR REPLACE FUNCTION ewallet_working.customer_match(key STRING) AS (
  IF(
    REGEXP_CONTAINS(key, '@'),
    LOWER(REGEXP_REPLACE(key, r'\s', '')),
    CONCAT('+', REGEXP_REPLACE(key, '[^0-9]', ''))
  )
)
