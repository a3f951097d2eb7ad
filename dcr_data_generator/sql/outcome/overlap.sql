-- purpose: The people whom the merchant only, both parties, and the provider only know. A person is an email, compared
-- without case and surrounding blanks.
WITH
  emails AS (
    SELECT
      NULLIF(LOWER(TRIM(email, ' \t\r\n')), '') AS person,
      TRUE AS is_merchants
    FROM merchant_provider.users
    UNION ALL
    SELECT
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      FALSE AS is_merchants
    FROM ewallet_provider.provider_users
  ),
  people AS (
    SELECT
      LOGICAL_OR(is_merchants) AND person IS NOT NULL AS is_customer,
      LOGICAL_OR(NOT is_merchants) AS has_wallet
    FROM emails
    GROUP BY person
  )
SELECT
  COUNTIF(is_customer AND NOT has_wallet) AS merchant_only,
  COUNTIF(is_customer AND has_wallet) AS both_parties,
  COUNTIF(has_wallet AND NOT is_customer) AS provider_only
FROM people
