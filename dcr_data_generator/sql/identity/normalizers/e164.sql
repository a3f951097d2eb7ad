-- purpose: A phone number in E.164, which UID2 and Customer Match ask for: a plus sign, its country code, and digits.
CREATE OR REPLACE FUNCTION ewallet_working.e164(key STRING) AS (CONCAT('+', REGEXP_REPLACE(key, '[^0-9]', '')))
