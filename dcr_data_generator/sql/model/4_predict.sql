-- step: Predict for the customers without a wallet
-- purpose: The customers of the merchant alone who would most probably be Premium or Business.
SELECT
  p.person,
  probability.prob AS probability
FROM ML.PREDICT(
  MODEL ewallet_model.higher_tier,
  (
    SELECT f.*
    FROM ewallet_model.features AS f
    LEFT JOIN ewallet_provider.provider_users AS w ON f.person = LOWER(TRIM(w.email, ' \t\r\n'))
    WHERE w.email IS NULL
  )
) AS p
JOIN UNNEST(p.predicted_has_higher_tier_probs) AS probability
WHERE probability.label = 1
ORDER BY probability DESC, person
LIMIT 20
