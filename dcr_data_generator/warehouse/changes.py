"""The record of what a command changes, so that one that ends early can say so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcr_data_generator.tables import FIVE_TABLES

REPLACED, DELETED, LEFT = "replaced", "deleted", "perhaps left, until the next run deletes it"


class Changes:
    """What was replaced or deleted, or perhaps was, and what a command has left that it should have deleted."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}

    @contextmanager
    def changing(self, name: str, state: str = REPLACED) -> Iterator[None]:
        """Record that the block replaces or deletes a table, a dataset or a file."""
        self.states[name] = f"perhaps {state}"
        yield
        self.states[name] = state

    def has_replaced(self, path: Path) -> None:
        """Record that a file was replaced, which happens completely or not at all."""
        self.states[str(path)] = REPLACED

    def __str__(self) -> str:
        """Say what was changed, and which of the five tables were not replaced; empty if nothing was changed."""
        states = dict(self.states)
        if {REPLACED, f"perhaps {REPLACED}"} & set(states.values()) & {states.get(table) for table in FIVE_TABLES}:
            states |= {table: f"not {REPLACED}" for table in FIVE_TABLES if table not in states}
        order = (REPLACED, f"perhaps {REPLACED}", f"not {REPLACED}", DELETED, f"perhaps {DELETED}", LEFT)
        names = {state: [name for name in states if states[name] == state] for state in order}
        return "; ".join(f"{state}: {', '.join(each)}" for state, each in names.items() if each)
