-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/table-snapshots-create
-- says: Only a single query is rehearsed
CREATE SNAPSHOT TABLE merchant_provider.copied CLONE ewallet_provider.provider_users
