"""Anybody's clean room as a folder of files: tables, views, queries that are allowed, and queries that are refused."""
