-- purpose: Hash a number to 31 bits: the cube of the salted number, modulo the prime 2^31 - 1. `scramble` in draws.py.
CREATE OR REPLACE FUNCTION ewallet_working.scramble(salt INT64, number INT64) AS (
  MOD(
    MOD(
      MOD(((salt >> 32) & 0xFFFFFFFF) + number, 0x7FFFFFFF) * MOD(((salt >> 32) & 0xFFFFFFFF) + number, 0x7FFFFFFF),
      0x7FFFFFFF
    ) * MOD(((salt >> 32) & 0xFFFFFFFF) + number, 0x7FFFFFFF),
    0x7FFFFFFF
  )
)
