"""What a user can put right, said in one line."""


class UserError(Exception):
    """An error that a user can put right. Its text says in one line what is wrong and what to do."""

    status = 2


class AnotherRunError(UserError):
    """Two runs have written to the same datasets at the same time: like a red check, and no fault."""

    status = 1


class ChangesNote(str):
    """A note on an error that says what was changed before it. Python and libraries add notes of their own."""


class CauseNote(str):
    """A note on an error that ended a command at its deadline: what BigQuery had said last, and what to do."""


# What only some commands need is installed by a group of pyproject.toml: its packages, as they are imported.
GROUPS = {
    "embedded": ("bqemulator", "duckdb", "fastapi", "sqlglot", "starlette", "structlog"),
    "play": ("nicegui",),
    "clean-room": ("zetasql", "wasmtime", "google.cloud.bigquery_analyticshub_v1", "google.iam"),
}


def missing_group(module: str | None) -> str | None:
    """The group of pyproject.toml that installs a module which is missing."""
    return next(
        (group for group, names in GROUPS.items() if f"{module}.".startswith(tuple(f"{n}." for n in names))), None
    )
