"""The views that the parties share: sql/clean_room/views, each with its policy and its query."""

from collections.abc import Sequence
from typing import NamedTuple

from zetasql import types

from dcr_data_generator import sql
from dcr_data_generator.clean_room import policy
from dcr_data_generator.clean_room.googlesql import GoogleSQL, NotUnderstood
from dcr_data_generator.clean_room.policy import PrivacyPolicy
from dcr_data_generator.errors import UserError

FOLDER = "clean_room/views"


class View(NamedTuple):
    """A view: dataset and name, its policy, the kinds of its columns, and its query."""

    name: str
    policy: PrivacyPolicy
    columns: dict[str, int]
    query: str


def define(engine: GoogleSQL, files: Sequence[sql.Query]) -> list[View]:
    """Make the views known to the engine; a view may read those before it.

    Raises:
        UserError: a view is not as BigQuery takes it.
    """
    views = []
    for file in files:
        view = understand(engine, file)
        engine.add_table(view.name, view.columns, view.policy.privacy_unit_column)
        views.append(view)
    return views


def understand(engine: GoogleSQL, file: sql.Query) -> View:
    """Read a view from its CREATE VIEW statement."""
    try:
        statement = engine.analyze(engine.with_plain_names(file.text))
    except NotUnderstood as error:
        raise UserError(f"{file.name}.sql is not BigQuery's: {error}") from None
    if not isinstance(statement, types.ResolvedCreateViewStmt):
        raise UserError(f"{file.name}.sql is no CREATE VIEW statement")
    name = ".".join(".".join(statement.name_path).split(".")[-2:])
    options = {option.name: option.value for option in statement.option_list}
    if "privacy_policy" not in options:
        raise UserError(f"{name} has no privacy_policy: whoever gets at it would see all of it")
    rule = policy.read(name, options["privacy_policy"].value.value.string_value)
    columns = {column.name: column.column.type.type_kind for column in statement.output_column_list}
    if missing := sorted(rule.columns - {column.lower() for column in columns}):
        raise UserError(f"the privacy_policy of {name} names a column that it does not have: {missing[0]}")
    return View(name, rule, columns, statement.sql)
