-- purpose: What the wallet knows of its users, with their age on the last day of the snapshot.
-- as: provider
WITH
  snapshot AS (
    SELECT MAX(DATE(created_at)) AS last_day
    FROM merchant_provider.orders
  )
SELECT
  LOWER(TRIM(p.email, ' \t\r\n')) AS email,
  EXTRACT(YEAR FROM s.last_day) - EXTRACT(YEAR FROM p.date_of_birth)
    - IF(FORMAT_DATE('%m%d', s.last_day) < FORMAT_DATE('%m%d', p.date_of_birth), 1, 0) AS age,
  p.city
FROM ewallet_provider.provider_users AS p
CROSS JOIN snapshot AS s
