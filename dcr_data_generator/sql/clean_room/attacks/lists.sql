-- attack: Differencing by lists
-- wants: The merchant wants to know of one customer what only the wallet knows, where only query templates are offered:
-- verified or not, and the tier.
-- knows: That this customer pays with the wallet.
-- does: Calls a template with a list of its customers, then with the list without this one, and looks which number is
-- less. The template decides what is asked, and not of whom: the list is a condition, too.
-- defence: Templates that answer with noise. Those of this project answer exactly, so here the defence is the level noise.
-- as: merchant
WITH
  others AS (
    SELECT hashed_email
    FROM merchant_provider.own_list
    WHERE NOT is_target OR label IS DISTINCT FROM @victim
  )
SELECT CAST(is_verified_user AS STRING) AS value, number_of_customers
FROM ewallet_templates.trust_and_fraud(TABLE others)
