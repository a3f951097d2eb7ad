-- purpose: What is true of each person, for the referee alone: a person is an email, without case and surrounding
-- blanks. Without a wallet, tier and verification are NULL; without a payment, the average is.
WITH
  customers AS (
    SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS email
    FROM merchant_provider.users
    WHERE TRIM(email, ' \t\r\n') != ''
  ),
  wallets AS (
    SELECT
      LOWER(TRIM(p.email, ' \t\r\n')) AS email,
      p.is_verified_user AS verified,
      p.account_tier AS tier,
      AVG(t.transaction_amount) AS own_average
    FROM ewallet_provider.provider_users AS p
    LEFT JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id
    GROUP BY email, verified, tier
  )
SELECT
  COALESCE(c.email, w.email) AS email,
  c.email IS NOT NULL AS customer,
  w.email IS NOT NULL AS has_wallet,
  w.verified,
  w.tier,
  w.own_average
FROM customers AS c
FULL JOIN wallets AS w ON c.email = w.email
