-- All users whom only the provider knows live in one city.
UPDATE ewallet_provider.provider_users
SET city = (SELECT MIN(city) FROM merchant_provider.users)
WHERE email IN (SELECT email FROM pristine.others)
