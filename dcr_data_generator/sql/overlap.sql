-- purpose: The people whom the merchant only, both parties, and the provider only know. A person is an email, compared
-- without case and surrounding blanks.
WITH
  customers AS (
    SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS person
    FROM merchant_provider.users
    WHERE TRIM(email, ' \t\r\n') != ''
  ),
  wallets AS (
    SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS person
    FROM ewallet_provider.provider_users
  )
SELECT
  COUNTIF(wallets.person IS NULL) AS merchant_only,
  COUNTIF(customers.person = wallets.person) AS both_parties,
  COUNTIF(customers.person IS NULL) AS provider_only
FROM customers
FULL JOIN wallets ON customers.person = wallets.person
