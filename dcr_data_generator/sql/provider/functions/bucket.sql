-- purpose: Divide draws into about 4,096 buckets, by their highest bits. Rows are numbered within a bucket, so that no
-- window holds all rows.
CREATE OR REPLACE FUNCTION ewallet_working.bucket(draw INT64) AS (DIV(draw, 4503599627370496))
