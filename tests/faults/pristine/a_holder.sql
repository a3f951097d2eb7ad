-- One adult holder who has told where he lives.
SELECT * FROM pristine.holders
WHERE date_of_birth < '2000-01-01' AND city IS NOT NULL
ORDER BY provider_user_id
LIMIT 1
