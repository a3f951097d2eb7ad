"""The embedded BigQuery: the engine, and the source that it is filled with."""
