"""The two sides of a BigQuery data clean room, made by one command."""
