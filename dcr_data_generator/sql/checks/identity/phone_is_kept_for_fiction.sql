-- check: Every phone number is kept for fiction, and a holder's two phone numbers are one.
SELECT
  t.provider_user_id,
  t.true_phone,
  t.phone,
  m.phone AS merchants_phone
FROM ewallet_provider.identity_truth AS t
LEFT JOIN merchant_provider.identity_keys AS m
  ON LOWER(TRIM(t.customer_email, ' \t\r\n')) = LOWER(TRIM(m.email, ' \t\r\n'))
WHERE NOT REGEXP_CONTAINS(
  t.true_phone, r'^\+(1[2-7]\d\d55501\d\d|447700900\d\d\d|493023125\d\d\d|3363998\d\d\d\d|6125550\d\d\d\d)$'
)
  OR REGEXP_REPLACE(t.phone, '[^0-9]', '') != SUBSTR(t.true_phone, 2)
  OR m.phone != t.true_phone
  OR (t.customer_email IS NOT NULL AND m.phone IS NULL)
