-- purpose: A key as somebody wrote it.
CREATE OR REPLACE FUNCTION ewallet_working.as_is(key STRING) AS (key)
