-- purpose: The last step of a draw: z ^ z >> 31, where >> fills up with zeros.
CREATE OR REPLACE FUNCTION ewallet_working.draw_4(z INT64) AS (z ^ ((z >> 31) & 0x1FFFFFFFF))
