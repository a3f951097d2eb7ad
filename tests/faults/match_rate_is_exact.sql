-- A holder is missing.
DELETE FROM ewallet_provider.provider_users WHERE email = (SELECT email FROM pristine.a_holder)
