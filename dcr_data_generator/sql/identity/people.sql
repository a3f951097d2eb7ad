-- purpose: Everybody whom the merchant or the wallet knows, once, with draws: for who of the holders writes another
-- email, and for the phone number. A person's key is the smallest of their user IDs, a wallet-only user's a negative
-- number; the draws are those of sql/provider/.
CREATE OR REPLACE TABLE ewallet_working.identities AS
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
  people AS (
    SELECT
      c.person,
      c.email,
      c.country,
      p.provider_user_id,
      p.email AS wallet_email,
      COALESCE(c.key, -p.provider_user_id) AS key
    FROM customers AS c
    FULL JOIN ewallet_provider.provider_users AS p ON c.person = LOWER(TRIM(p.email, ' \t\r\n'))
  ),
  mixed AS (
    SELECT
      *,
      ewallet_working.draw_2(ewallet_working.draw_1(ewallet_working.salt(@seed, 'identity'), key)) AS noise_draw,
      ewallet_working.draw_2(ewallet_working.draw_1(ewallet_working.salt(@seed, 'phone'), key)) AS phone_draw
    FROM people
  )
SELECT
  person,
  email,
  country,
  provider_user_id,
  wallet_email,
  ewallet_working.draw_4(ewallet_working.draw_3(noise_draw)) AS noise_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(phone_draw)) AS phone_draw
FROM mixed
