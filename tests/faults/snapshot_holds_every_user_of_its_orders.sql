-- The user whose record has no time is missing.
DELETE FROM merchant_provider.users WHERE created_at IS NULL
