-- purpose: Divide the integers from 0 to n - 1 into 4,096 pages of equal size: for joins and numbering page by page.
CREATE OR REPLACE FUNCTION ewallet_working.page(number INT64, n INT64) AS (DIV(number, CAST(CEIL(n / 4096) AS INT64)))
