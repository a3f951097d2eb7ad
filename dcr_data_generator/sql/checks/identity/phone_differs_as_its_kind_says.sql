-- check: A holder's two phone numbers differ as the kind says, and the merchant has the one that is said to be there.
SELECT
  t.provider_user_id,
  t.phone_kind,
  t.true_phone,
  t.customer_phone,
  m.phone AS merchants_phone
FROM ewallet_provider.identity_truth AS t
LEFT JOIN merchant_provider.identity_keys AS m
  ON LOWER(TRIM(t.customer_email, ' \t\r\n')) = LOWER(TRIM(m.email, ' \t\r\n'))
WHERE t.customer_phone IS DISTINCT FROM m.phone
  OR NOT COALESCE(
    CASE
      WHEN t.customer_email IS NULL THEN t.phone_kind IS NULL
      WHEN t.phone_kind = 'same' THEN t.true_phone = t.customer_phone
      WHEN t.phone_kind = 'another' THEN t.true_phone != t.customer_phone
      WHEN t.phone_kind = 'none at the provider' THEN t.true_phone IS NULL AND t.customer_phone IS NOT NULL
      ELSE t.phone_kind = 'none at the merchant' AND t.true_phone IS NOT NULL AND t.customer_phone IS NULL
    END,
    FALSE
  )
