"""The embedded BigQuery: the engine, in this process, and the source that fills it."""

from contextlib import suppress

with suppress(ModuleNotFoundError):  # thelook.py also fills the source of an emulator elsewhere
    import structlog

    # The emulator logs while it is imported and started, whatever its own settings say.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
