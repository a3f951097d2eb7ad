-- check: An email differs from the customer's as its kind says, and an unaltered one does not.
WITH
  emails AS (
    SELECT
      provider_user_id,
      kind,
      email,
      customer_email,
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      LOWER(TRIM(customer_email, ' \t\r\n')) AS customer
    FROM ewallet_provider.identity_truth
    WHERE customer_email IS NOT NULL
  )
SELECT
  provider_user_id,
  kind,
  email,
  customer_email
FROM emails
WHERE NOT COALESCE(
  CASE
    WHEN kind IS NULL THEN email = customer_email
    WHEN kind IN ('case', 'blanks') THEN email != customer_email AND person = customer
    WHEN kind = 'blank inside' THEN person != customer AND REPLACE(person, ' ', '') = REPLACE(customer, ' ', '')
    WHEN kind = 'tag' THEN REPLACE(person, '+wallet@', '@') = customer AND person LIKE '%+wallet@example.net'
    WHEN kind = 'dots' THEN person != customer AND person LIKE '_.%@example.net'
      AND REPLACE(person, '.', '') = REPLACE(customer, '.', '')
    WHEN kind = 'second address' THEN person LIKE '%@second.%'
    ELSE kind = 'typo' AND person != customer AND REPLACE(person, ',', '.') = REPLACE(customer, ',', '.')
  END,
  FALSE
)
