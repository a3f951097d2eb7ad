-- purpose: The first step of a draw: key * 0x9E3779B97F4A7C15 + salt. The steps are those of SplitMix64 (`draw` in
-- draws.py), modulo 2^64, on halves of 32 bits and factors of 16 bits, so that no value in between exceeds 63 bits: an
-- overflow is an error. The upper half gets its sign in the end.
-- A draw is four functions because BigQuery puts the text of a function in the place of each call, and the second and
-- the third step name their argument 18 times each: as one function, a draw would be 648 times the text of the first
-- step. So a statement calls at most two, and a table holds what is between: the tables that end in half_draws.
CREATE OR REPLACE FUNCTION ewallet_working.draw_1(salt INT64, key INT64) AS (
  (
    (
      (
        (
          (
            (
              (key & 0xFFFFFFFF) * 0x7C15
              + (((key & 0xFFFFFFFF) * 0x7F4A) & 0xFFFF) * 0x10000
              + (salt & 0xFFFFFFFF)
            ) >> 32
          )
          + (((key & 0xFFFFFFFF) * 0x7F4A) >> 16)
          + (key & 0xFFFFFFFF) * 0x79B9
          + (((key & 0xFFFFFFFF) * 0x9E37) & 0xFFFF) * 0x10000
          + ((key >> 32) & 0xFFFFFFFF) * 0x7C15
          + ((((key >> 32) & 0xFFFFFFFF) * 0x7F4A) & 0xFFFF) * 0x10000
          + ((salt >> 32) & 0xFFFFFFFF)
        ) & 0xFFFFFFFF
      ) ^ 0x80000000
    ) - 0x80000000
  ) * 0x100000000
  + (
    (
      (key & 0xFFFFFFFF) * 0x7C15
      + (((key & 0xFFFFFFFF) * 0x7F4A) & 0xFFFF) * 0x10000
      + (salt & 0xFFFFFFFF)
    ) & 0xFFFFFFFF
  )
)
