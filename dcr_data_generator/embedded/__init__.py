"""The embedded BigQuery: the engine, in this process, and the source that fills it."""
