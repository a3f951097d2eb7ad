-- check: Every phone number is kept for fiction, and a user wrote the number that they gave.
WITH
  phones AS (
    SELECT 'provider' AS party, provider_user_id AS user_id, true_phone, phone
    FROM ewallet_provider.identity_truth
    UNION ALL
    SELECT 'merchant', user_id, phone, phone
    FROM merchant_provider.identity_keys
  )
SELECT
  party,
  user_id,
  true_phone,
  phone
FROM phones
WHERE NOT REGEXP_CONTAINS(
  true_phone, r'^\+(1[2-7]\d\d55501\d\d|447700900\d\d\d|493023125\d\d\d|3363998\d\d\d\d|6125550\d\d\d\d)$'
)
  OR CONCAT('+', REGEXP_REPLACE(phone, '[^0-9]', '')) IS DISTINCT FROM true_phone
