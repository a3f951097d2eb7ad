-- purpose: What the provider can match its users by.
CREATE OR REPLACE TABLE ewallet_provider.identity_keys (
  provider_user_id INT64 NOT NULL OPTIONS (description = 'The user, in provider_users.'),
  email STRING NOT NULL OPTIONS (description = 'The email as the user wrote it.'),
  phone STRING OPTIONS (description = 'The phone number as the user wrote it; NULL for none.')
) AS
SELECT
  provider_user_id,
  email,
  phone
FROM ewallet_provider.identity_truth
