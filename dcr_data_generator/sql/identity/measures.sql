-- purpose: For each normalizer, and for one key (the email) or two (the email or the phone number): whom it finds, who
-- that is, and who is missed. A person is an email at the merchant, compared without case and blanks.
WITH
  keys AS (
    SELECT
      LOWER(TRIM(email, ' \t\r\n')) AS customer,
      NULL AS provider_user_id,
      email,
      phone
    FROM merchant_provider.identity_keys
    UNION ALL
    SELECT
      NULL AS customer,
      provider_user_id,
      email,
      phone
    FROM ewallet_provider.identity_keys
  ),
  normalized AS (
    SELECT
      k.customer,
      k.provider_user_id,
      normalizer,
      one.is_phone,
      CASE
        WHEN normalizer = 'as_is' THEN ewallet_working.as_is(one.key)
        WHEN normalizer = 'lower_trim' THEN ewallet_working.lower_trim(one.key)
        WHEN one.is_phone THEN ewallet_working.e164(one.key)
        WHEN normalizer = 'customer_match' THEN ewallet_working.customer_match(one.key)
        ELSE ewallet_working.uid2(one.key)
      END AS key
    FROM keys AS k
    CROSS JOIN UNNEST(['as_is', 'lower_trim', 'customer_match', 'uid2']) AS normalizer
    CROSS JOIN UNNEST([STRUCT(FALSE AS is_phone, k.email AS key), STRUCT(TRUE, k.phone)]) AS one
    WHERE one.key IS NOT NULL
  ),
  pairs AS (
    SELECT
      c.normalizer,
      c.customer,
      p.provider_user_id,
      LOGICAL_AND(c.is_phone) AS is_by_phone_only
    FROM normalized AS c
    JOIN normalized AS p ON c.normalizer = p.normalizer AND c.is_phone = p.is_phone AND c.key = p.key
    WHERE c.customer IS NOT NULL
      AND p.provider_user_id IS NOT NULL
    GROUP BY c.normalizer, c.customer, p.provider_user_id
  ),
  judged AS (
    SELECT
      p.*,
      COALESCE(LOWER(TRIM(t.customer_email, ' \t\r\n')) = p.customer, FALSE) AS is_true
    FROM pairs AS p
    JOIN ewallet_provider.identity_truth AS t ON p.provider_user_id = t.provider_user_id
  ),
  counts AS (
    SELECT
      normalizer,
      number_of_keys,
      COUNT(DISTINCT customer) AS matched,
      COUNT(*) AS pairs,
      COUNTIF(is_true) AS true_pairs,
      COUNT(DISTINCT IF(is_true, NULL, customer)) AS mixed_up
    FROM judged
    CROSS JOIN UNNEST([1, 2]) AS number_of_keys
    WHERE number_of_keys = 2
      OR NOT is_by_phone_only
    GROUP BY normalizer, number_of_keys
  )
SELECT
  normalizer,
  number_of_keys,
  c.matched,
  c.pairs,
  c.true_pairs,
  c.mixed_up,
  (SELECT COUNT(DISTINCT customer) FROM keys) AS customers,
  (SELECT COUNT(customer_email) FROM ewallet_provider.identity_truth) AS holders
FROM UNNEST(['as_is', 'lower_trim', 'customer_match', 'uid2']) AS normalizer WITH OFFSET AS place
CROSS JOIN UNNEST([1, 2]) AS number_of_keys
LEFT JOIN counts AS c USING (normalizer, number_of_keys)
ORDER BY number_of_keys, place
