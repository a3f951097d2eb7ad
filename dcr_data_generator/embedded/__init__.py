"""The embedded BigQuery: the engine, in this process, and the source that fills it."""

from dcr_data_generator.embedded.client import connect, connect_to_storage
from dcr_data_generator.embedded.engine import PROJECT, explain, how_to_serve, running
from dcr_data_generator.embedded.thelook import fill, fill_if_missing

__all__ = ["PROJECT", "connect", "connect_to_storage", "explain", "fill", "fill_if_missing", "how_to_serve", "running"]
