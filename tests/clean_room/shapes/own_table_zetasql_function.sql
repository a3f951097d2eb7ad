-- verdict: error
-- source: google/zetasql, documentation
-- says: not found
SELECT L1_NORM([1.0, 2.0]) AS norm
