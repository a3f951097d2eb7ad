-- purpose: The second step of a draw: (z ^ z >> 30) * 0xBF58476D1CE4E5B9, where >> fills up with zeros.
CREATE OR REPLACE FUNCTION ewallet_working.draw_2(z INT64) AS (
  (
    (
      (
        (
          (
            (
              ((z ^ (z >> 30)) & 0xFFFFFFFF) * 0xE5B9
              + ((((z ^ (z >> 30)) & 0xFFFFFFFF) * 0x1CE4) & 0xFFFF) * 0x10000
            ) >> 32
          )
          + ((((z ^ (z >> 30)) & 0xFFFFFFFF) * 0x1CE4) >> 16)
          + ((z ^ (z >> 30)) & 0xFFFFFFFF) * 0x476D
          + ((((z ^ (z >> 30)) & 0xFFFFFFFF) * 0xBF58) & 0xFFFF) * 0x10000
          + (((z >> 32) & 0xFFFFFFFF) ^ ((z >> 62) & 3)) * 0xE5B9
          + (((((z >> 32) & 0xFFFFFFFF) ^ ((z >> 62) & 3)) * 0x1CE4) & 0xFFFF) * 0x10000
        ) & 0xFFFFFFFF
      ) ^ 0x80000000
    ) - 0x80000000
  ) * 0x100000000
  + (
    (
      ((z ^ (z >> 30)) & 0xFFFFFFFF) * 0xE5B9
      + ((((z ^ (z >> 30)) & 0xFFFFFFFF) * 0x1CE4) & 0xFFFF) * 0x10000
    ) & 0xFFFFFFFF
  )
)
