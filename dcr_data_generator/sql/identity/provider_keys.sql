-- purpose: What the provider can match its users by.
CREATE OR REPLACE TABLE ewallet_provider.identity_keys (
  provider_user_id INT64 NOT NULL,
  email STRING NOT NULL,
  phone STRING NOT NULL
) AS
SELECT
  provider_user_id,
  email,
  phone
FROM ewallet_provider.identity_truth
