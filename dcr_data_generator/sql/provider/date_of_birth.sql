-- purpose: A day that makes each person's age exact on the target date; `date_of_birth` in synthesis.py.
CREATE OR REPLACE TABLE ewallet_working.date_of_birth AS
SELECT
  provider_user_id,
  DATE_SUB(
    latest, INTERVAL ewallet_working.below(birthday_draw, DATE_DIFF(latest, day_before_earliest, DAY)) DAY
  ) AS date_of_birth
FROM (
  SELECT
    provider_user_id,
    birthday_draw,
    DATE_SUB(@target_date, INTERVAL age YEAR) AS latest,
    DATE_SUB(@target_date, INTERVAL age + 1 YEAR) AS day_before_earliest
  FROM ewallet_working.ages
)
