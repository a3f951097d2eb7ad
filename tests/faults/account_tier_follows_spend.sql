-- Who pays most becomes Free, and who pays least Business, in the same numbers.
UPDATE ewallet_provider.provider_users AS p
SET account_tier = CASE
  WHEN n.place <= (SELECT COUNTIF(account_tier = 'Business') FROM pristine.holders) THEN 'Business'
  WHEN n.place <= (SELECT COUNTIF(account_tier != 'Free') FROM pristine.holders) THEN 'Premium'
  ELSE 'Free'
END
FROM (
  SELECT id, ROW_NUMBER() OVER (ORDER BY spend, id) AS place
  FROM (
    SELECT h.provider_user_id AS id, MAX(t.transaction_amount) AS spend
    FROM pristine.holders AS h
    LEFT JOIN pristine.transactions AS t ON h.provider_user_id = t.provider_user_id
    GROUP BY id
  )
) AS n
WHERE p.provider_user_id = n.id
