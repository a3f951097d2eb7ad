-- step: Evaluate on those held back
-- purpose: How well the model tells them: 0.5 for roc_auc is a guess, and 1 is always right.
SELECT
  roc_auc,
  accuracy,
  precision,
  recall,
  log_loss
FROM ML.EVALUATE(
  MODEL ewallet_model.higher_tier,
  (
    SELECT
      f.* EXCEPT (person, is_held_back),
      IF(w.account_tier = 'Free', 0, 1) AS has_higher_tier
    FROM ewallet_model.features AS f
    JOIN ewallet_provider.provider_users AS w ON f.person = LOWER(TRIM(w.email, ' \t\r\n'))
    WHERE f.is_held_back
  )
)
