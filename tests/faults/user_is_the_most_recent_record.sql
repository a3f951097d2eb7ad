-- Emails in lower case.
UPDATE merchant_provider.users SET email = LOWER(email) WHERE email != LOWER(email)
