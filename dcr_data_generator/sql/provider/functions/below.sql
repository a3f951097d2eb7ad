-- purpose: Turn a draw into an integer from 0 up to, but not including, n; `below` in draws.py. The mask clears the
-- sign.
CREATE OR REPLACE FUNCTION ewallet_working.below(draw INT64, n INT64) AS (MOD((draw & 0x7FFFFFFFFFFFFFFF), n))
