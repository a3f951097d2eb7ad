-- Calls that are still answered otherwise than by BigQuery: no mend is worth its price yet.
-- A NaN is equal to itself in DuckDB, and above all numbers.
CAST('NaN' AS FLOAT64) = CAST('NaN' AS FLOAT64)
CAST('NaN' AS FLOAT64) > 1
1 < CAST('NaN' AS FLOAT64)
(SELECT MIN(x) FROM UNNEST([1.5, CAST('NaN' AS FLOAT64), 2]) AS x)
ARRAY(SELECT x FROM UNNEST([1.0, CAST('NaN' AS FLOAT64), CAST('-inf' AS FLOAT64)]) AS x ORDER BY x)
-- The types of NUMERIC and BIGNUMERIC.
NUMERIC '1.5' + 0.5
BIGNUMERIC '1' / 3
POW(NUMERIC '2', 3)
ROUND(NUMERIC '2.5', 0, 'ROUND_HALF_EVEN')
(SELECT AVG(x) FROM UNNEST([NUMERIC '1', NUMERIC '2']) AS x)
-- A difference of dates that only the engine knows to be dates.
(SELECT MAX(x) - MIN(x) FROM UNNEST([DATE '2025-01-01', DATE '2024-01-01']) AS x)
-- Fields without a name have one, and keys of JSON their order.
STRUCT(1, 'x')
TO_JSON_STRING(JSON '{"b": 1, "a": 2}')
NUMERIC '1.5' * NUMERIC '1.5'
-- || is taken for that of texts, and the bits of a small number are those of 32.
b'a' || b'b'
[1] || [2]
BIT_COUNT(-1)
-- A number of a JSON loses its last zeros, and its null is a text.
JSON_VALUE('{"a": {"b": 1.50}}', '$.a.b')
JSON_EXTRACT('{"a": null}', '$.a')
