-- purpose: The third step of a draw: (z ^ z >> 27) * 0x94D049BB133111EB, where >> fills up with zeros.
CREATE OR REPLACE FUNCTION ewallet_working.draw_3(z INT64) AS (
  (
    (
      (
        (
          (
            (
              ((z ^ (z >> 27)) & 0xFFFFFFFF) * 0x11EB
              + ((((z ^ (z >> 27)) & 0xFFFFFFFF) * 0x1331) & 0xFFFF) * 0x10000
            ) >> 32
          )
          + ((((z ^ (z >> 27)) & 0xFFFFFFFF) * 0x1331) >> 16)
          + ((z ^ (z >> 27)) & 0xFFFFFFFF) * 0x49BB
          + ((((z ^ (z >> 27)) & 0xFFFFFFFF) * 0x94D0) & 0xFFFF) * 0x10000
          + (((z >> 32) & 0xFFFFFFFF) ^ ((z >> 59) & 31)) * 0x11EB
          + (((((z >> 32) & 0xFFFFFFFF) ^ ((z >> 59) & 31)) * 0x1331) & 0xFFFF) * 0x10000
        ) & 0xFFFFFFFF
      ) ^ 0x80000000
    ) - 0x80000000
  ) * 0x100000000
  + (
    (
      ((z ^ (z >> 27)) & 0xFFFFFFFF) * 0x11EB
      + ((((z ^ (z >> 27)) & 0xFFFFFFFF) * 0x1331) & 0xFFFF) * 0x10000
    ) & 0xFFFFFFFF
  )
)
