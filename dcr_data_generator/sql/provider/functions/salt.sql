-- purpose: What tells the draws of a seed and purpose from those of another: 64 bits. `salt` in draws.py.
CREATE OR REPLACE FUNCTION ewallet_working.salt(seed STRING, purpose STRING) AS (
  (
    (CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256(CONCAT(seed, ' ', purpose))), 1, 8)) AS INT64) ^ 0x80000000) - 0x80000000
  ) * 0x100000000 + CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256(CONCAT(seed, ' ', purpose))), 9, 8)) AS INT64)
)
