-- Everybody is born on the first day of a month.
UPDATE ewallet_provider.provider_users SET date_of_birth = DATE_TRUNC(date_of_birth, MONTH) WHERE TRUE
