-- who: the subscriber's own email address, as BigQuery knows it; the publisher tells subscribers by it
SELECT SESSION_USER() AS email
