-- purpose: The phone numbers themselves, for the referee alone.
SELECT DISTINCT phone
FROM merchant_provider.identity_keys
WHERE phone IS NOT NULL
