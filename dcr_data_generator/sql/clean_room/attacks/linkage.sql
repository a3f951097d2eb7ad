-- attack: Linkage without emails
-- wants: The wallet wants to find its users among the merchant's customers, although no email and no key is shared.
-- knows: The date of birth and the city of its users; and of the customers their age and city, as if a view shared them.
-- No view of this project does.
-- does: Takes an age and a city that one user and one customer have, and nobody else, for one person.
-- defence: Share no column that identifies a person with others: no city here, and of age, gender and country as few as
-- a question needs. The table says for each shared view how many people are alone in its columns.
-- as: provider
SELECT
  LOWER(TRIM(email, ' \t\r\n')) AS email,
  MAX(age) AS age,
  MAX(city) AS city
FROM merchant_provider.users
WHERE TRIM(email, ' \t\r\n') != ''
GROUP BY email
