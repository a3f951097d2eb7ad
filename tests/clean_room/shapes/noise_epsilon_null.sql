-- verdict: refused
-- source: google/zetasql, compliance/testdata/differential_privacy_errors.test
-- says: Differential privacy option EPSILON must be set and non-NULL
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = NULL) COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private
