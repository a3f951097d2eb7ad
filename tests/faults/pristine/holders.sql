-- The wallet holders: the provider's users whom the merchant knows, too.
SELECT * FROM ewallet_provider.provider_users
WHERE LOWER(TRIM(email, ' \t\r\n')) IN (SELECT LOWER(TRIM(email, ' \t\r\n')) FROM merchant_provider.users)
