"""Clients of BigQuery, against the embedded one."""
