-- purpose: How many of the wallet holders gave the provider their email in another form than the merchant.
SELECT
  COUNT(kind) AS altered,
  COUNT(customer_email) AS holders
FROM ewallet_provider.identity_truth
