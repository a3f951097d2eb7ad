-- purpose: The errors themselves, tried out without any view.
-- as: merchant
SELECT
  CASE @victim
    WHEN 'division' THEN 1 / 0 > 0
    WHEN 'cast' THEN CAST('no number' AS INT64) > 0
    ELSE 9223372036854775807 + LENGTH(@victim) > 0
  END AS is_positive
FROM merchant_provider.own_list
