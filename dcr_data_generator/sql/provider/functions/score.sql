-- purpose: A holder's score: 0.6 times the percentile of their average order and 0.4 times 24 bits of a draw, all times
-- five, twice the number of holders, and 2^24, so that it is an integer; `account_tier` in synthesis.py.
CREATE OR REPLACE FUNCTION ewallet_working.score(twice_the_place INT64, holders INT64, draw INT64) AS (
  3 * twice_the_place * 0x1000000 + 4 * holders * ((draw >> 39) & 0xFFFFFF)
)
