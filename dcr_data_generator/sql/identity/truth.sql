-- purpose: The truth: which customer a wallet's user is, and how their email and phone number are written. Every second
-- phone number is written in the American way.
CREATE OR REPLACE TABLE ewallet_provider.identity_truth (
  provider_user_id INT64 NOT NULL OPTIONS (description = 'The user, in provider_users.'),
  customer_email STRING OPTIONS (description = 'The email of this customer at the merchant; NULL for wallet-only users.'),
  kind STRING OPTIONS (description = 'How the email differs from it; NULL where it does not.'),
  email STRING NOT NULL OPTIONS (description = 'The email that the provider has.'),
  phone_kind STRING OPTIONS (description = 'How the phone number differs; NULL for wallet-only users.'),
  customer_phone STRING OPTIONS (description = 'The phone number of this customer at the merchant; NULL for none.'),
  true_phone STRING OPTIONS (description = 'The phone number that the user gave, in E.164; NULL for none.'),
  phone STRING OPTIONS (description = 'The phone number as the user wrote it; NULL for none.')
) AS
SELECT
  p.provider_user_id,
  p.email AS customer_email,
  k.kind,
  CASE k.kind
    WHEN 'case' THEN CASE
      WHEN UPPER(p.email) != p.email AND LOWER(UPPER(p.email)) = LOWER(p.email) THEN UPPER(p.email)
      WHEN LOWER(p.email) != p.email THEN LOWER(p.email)
      ELSE CONCAT(p.email, ' ')
    END
    WHEN 'blanks' THEN CONCAT(p.email, ' ')
    WHEN 'blank inside' THEN REPLACE(p.person, '@', ' @')
    WHEN 'tag' THEN REPLACE(p.person, '@', '+wallet@')
    WHEN 'dots' THEN CONCAT(SUBSTR(p.person, 1, 1), '.', SUBSTR(p.person, 2))
    WHEN 'second address' THEN REPLACE(p.person, '@', CONCAT('.', CAST(p.provider_user_id AS STRING), '@second.'))
    WHEN 'typo' THEN REGEXP_REPLACE(p.person, r'\.([^.]*)$', r',\1')
    ELSE p.wallet_email
  END AS email,
  p.phone_kind,
  p.customer_phone,
  p.true_phone,
  p.phone
FROM ewallet_working.phones AS p
LEFT JOIN ewallet_working.noise_kinds AS k ON p.provider_user_id = k.provider_user_id
WHERE p.provider_user_id IS NOT NULL
