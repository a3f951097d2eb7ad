-- purpose: A key in lower case, without the blanks around it: what the clean room's views do.
CREATE OR REPLACE FUNCTION ewallet_working.lower_trim(key STRING) AS (LOWER(TRIM(key, ' \t\r\n')))
