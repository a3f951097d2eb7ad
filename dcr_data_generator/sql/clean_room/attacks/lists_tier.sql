-- purpose: The same for the tier.
-- as: merchant
WITH
  others AS (
    SELECT hashed_email
    FROM merchant_provider.own_list
    WHERE NOT is_target OR label IS DISTINCT FROM @victim
  )
SELECT account_tier, number_of_customers
FROM ewallet_templates.customer_segmentation(TABLE others)
