-- purpose: Everybody whom the merchant or the wallet knows, once. A person's key is the smallest of their user IDs, a
-- wallet-only user's a negative number; the draws are those of sql/provider/. A wallet-only user is from where most of
-- the merchant's users of their city are.
CREATE OR REPLACE TABLE ewallet_working.identity_half_draws AS
WITH
  customers AS (
    SELECT
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      email,
      country,
      MIN(id) OVER (PARTITION BY LOWER(TRIM(email, ' \t\r\n'))) AS key
    FROM merchant_provider.users
    WHERE TRIM(email, ' \t\r\n') != ''
    QUALIFY ROW_NUMBER() OVER (PARTITION BY LOWER(TRIM(email, ' \t\r\n')) ORDER BY created_at DESC, id DESC) = 1
  ),
  cities AS (
    SELECT
      city,
      country
    FROM merchant_provider.users
    GROUP BY city, country
    QUALIFY ROW_NUMBER() OVER (PARTITION BY city ORDER BY COUNT(*) DESC, country) = 1
  ),
  people AS (
    SELECT
      c.person,
      c.email,
      IF(c.person IS NULL, h.country, c.country) AS country,
      p.provider_user_id,
      p.email AS wallet_email,
      COALESCE(c.key, -p.provider_user_id) AS key
    FROM customers AS c
    FULL JOIN ewallet_provider.provider_users AS p ON c.person = LOWER(TRIM(p.email, ' \t\r\n'))
    LEFT JOIN cities AS h ON p.city = h.city
  )
SELECT
  p.* EXCEPT (key),
  ewallet_working.draw_2(ewallet_working.draw_1(s.noise, p.key)) AS noise_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.phone, p.key)) AS phone_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.other_phone, p.key)) AS other_phone_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.phone_kind, p.key)) AS phone_kind_half
FROM people AS p
CROSS JOIN (
  SELECT
    ewallet_working.salt(@seed, 'identity') AS noise,
    ewallet_working.salt(@seed, 'phone') AS phone,
    ewallet_working.salt(@seed, 'other phone') AS other_phone,
    ewallet_working.salt(@seed, 'phone kind') AS phone_kind
) AS s
