-- purpose: An email by the rules of Google's Customer Match,
-- https://developers.google.com/display-video/api/guides/tasks/upload-customer-match-audience/prepare-data: lower case,
-- and no blank anywhere.
CREATE OR REPLACE FUNCTION ewallet_working.customer_match(key STRING) AS (LOWER(REGEXP_REPLACE(key, r'\s', '')))
