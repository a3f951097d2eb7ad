-- purpose: The merchant's customers, one row per person, with the most recent record; `find_customers` in people.py.
-- The key is the smallest ID of the person's records.
CREATE OR REPLACE TABLE ewallet_working.customer_half_draws AS
WITH
  people AS (
    SELECT
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      email,
      city,
      age,
      MIN(id) OVER (PARTITION BY LOWER(TRIM(email, ' \t\r\n'))) AS key
    FROM merchant_provider.users
    WHERE TRIM(email, ' \t\r\n') != ''
    QUALIFY ROW_NUMBER() OVER (PARTITION BY LOWER(TRIM(email, ' \t\r\n')) ORDER BY created_at DESC, id DESC) = 1
  )
SELECT
  p.*,
  ewallet_working.draw_2(ewallet_working.draw_1(s.wallet, p.key)) AS wallet_half
FROM people AS p
CROSS JOIN (SELECT ewallet_working.salt(@seed, 'wallet') AS wallet) AS s
