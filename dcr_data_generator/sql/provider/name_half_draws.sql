-- purpose: The first half of the draws of so many emails for each wallet-only user; `draw_emails` in people.py.
CREATE OR REPLACE TABLE ewallet_working.name_half_draws AS
WITH
  sizes AS (
    SELECT @names_per_user * (CAST(FLOOR(COUNT(*) * @wallet_only_rate / (1 - @wallet_only_rate) + 0.5) AS INT64) + 100)
      AS names
    FROM ewallet_working.holders
  ),
  numbers AS (
    SELECT page * 65536 + line AS number
    FROM sizes
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, DIV(names, 65536))) AS page
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, 65535)) AS line
    WHERE page * 65536 + line < names
  )
SELECT
  n.number,
  ewallet_working.draw_2(ewallet_working.draw_1(s.first_name, -1 - n.number)) AS first_name_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.last_name, -1 - n.number)) AS last_name_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.copy, -1 - n.number)) AS copy_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.domain, -1 - n.number)) AS domain_half
FROM numbers AS n
CROSS JOIN (
  SELECT
    ewallet_working.salt(@seed, 'first name') AS first_name,
    ewallet_working.salt(@seed, 'last name') AS last_name,
    ewallet_working.salt(@seed, 'copy') AS copy,
    ewallet_working.salt(@seed, 'domain') AS domain
) AS s
