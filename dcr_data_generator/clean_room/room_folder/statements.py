"""The SQL of a clean room: CREATE VIEW statements with a privacy_policy, and queries, parsed by ZetaSQL."""

import re
from collections.abc import Collection, Iterator, Sequence

from zetasql import types

from dcr_data_generator import sql
from dcr_data_generator.clean_room import policy
from dcr_data_generator.clean_room.analysis_rules.engine import GoogleSQL
from dcr_data_generator.clean_room.analysis_rules.lineage import NotUnderstood
from dcr_data_generator.clean_room.analysis_rules.reply import Because
from dcr_data_generator.clean_room.analysis_rules.syntax import as_range, names_of, part, parts_of
from dcr_data_generator.clean_room.room_folder.room import PLACE, RoomQuery, RoomView, listed
from dcr_data_generator.clean_room.views import NO_POLICY
from dcr_data_generator.errors import UserError


def parse_views(engine: GoogleSQL, file: str, text: str) -> Iterator[RoomView]:
    """Read the CREATE VIEW statements of a file.

    Raises:
        UserError: it has another statement, or BigQuery would not take one.
    """
    try:
        script = engine.parse_script(text)
    except NotUnderstood as error:
        place = PLACE.search(str(error))
        raise UserError(f"{file}:{place[1] if place else 1}: {PLACE.sub('', str(error))}") from None
    rule = sql.comments_of(text).get("rule", "")
    for statement in script.statement_list_node.statement_list:
        line = line_of(text, as_range(statement).start)
        if not isinstance(statement, types.ASTCreateViewStatement):
            raise UserError(f"{file}:{line}: this is not CREATE VIEW")
        parts = parts_of(statement.name)
        if len(parts) < 2:
            raise UserError(f"{file}:{line}: the view {parts[-1]} has no dataset: name it dataset.{parts[-1]}")
        name, start = ".".join(parts[-2:]), as_range(statement.query).start
        yield RoomView(
            name,
            parse_policy(file, text, name, statement),
            part(text, as_range(statement.query)),
            rule,
            file,
            line,
            line_of(text, start),
            part(text, as_range(statement)),
        )


def parse_policy(file: str, text: str, view: str, statement: types.ASTCreateViewStatement) -> policy.PrivacyPolicy:
    """Read the privacy_policy of a view; one without is shared as it is."""
    entries = statement.options_list.options_entries if statement.options_list else []
    given = [each for each in entries if each.name.id_string.lower() == "privacy_policy"]
    if not given:
        return NO_POLICY
    line = line_of(text, as_range(given[-1]).start)
    if len(given) > 1:
        raise UserError(f"{file}:{line}: {view} has two privacy policies: it may have one")
    if not isinstance(given[0].value, types.ASTStringLiteral):
        raise UserError(f"{file}:{line}: the privacy_policy of {view} is not a text")
    try:
        return policy.read(view, given[0].value.string_value)
    except UserError as error:
        raise UserError(f"{file}:{line}: {error}") from None


def in_order(engine: GoogleSQL, views: Sequence[RoomView]) -> list[RoomView]:
    """Put each view after those that it reads.

    Raises:
        UserError: two have one name, or they read each other.
    """
    waiting: dict[str, RoomView] = {}
    named: dict[str, RoomView] = {}
    for view in views:
        if other := named.get(view.name.lower()):
            raise UserError(f"{view.file}:{view.line}: {other.name} is created already in {other.file}:{other.line}")
        waiting[view.name] = named[view.name.lower()] = view
    ordered: list[RoomView] = []
    while waiting:
        ready = [view for view in waiting.values() if not names_in(engine, view) & waiting.keys()]
        if not ready:
            view = next(iter(waiting.values()))
            raise UserError(f"{view.file}:{view.line}: {listed(waiting)} read each other")
        ordered += ready
        for view in ready:
            del waiting[view.name]
    return ordered


def names_in(engine: GoogleSQL, view: RoomView) -> set[str]:
    """The tables and views that a view names. Raises UserError where its query cannot be parsed."""
    try:
        return {".".join(names_of(node)[-2:]) for node in engine.names(view.query)}
    except NotUnderstood as error:
        raise UserError(f"{view.file}:{view.line}: {error}") from None


def parse_query(file: str, text: str, parties: Collection[str], is_refused: bool) -> RoomQuery:
    """Read what a file says of its query.

    Raises:
        UserError: it does not say who asks, names no party or rule, or no number of rows.
    """
    comments = sql.comments_of(text)
    names = list(parties)
    party = comments.get("as", names[0] if len(names) == 1 else None)
    if party not in names:
        said = f"there is no party {party!r}" if party else "the query does not say who asks"
        raise UserError(f"{line_in(file, text, 'as')} {said}: begin with `-- as: PARTY`, one of {', '.join(names)}")
    because = comments.get("because")
    if is_refused and because not in [*Because]:
        said = f"there is no rule {because!r}" if because else "the query does not say which rule refuses it"
        rules = ", ".join(Because)
        raise UserError(f"{line_in(file, text, 'because')} {said}: begin with `-- because: RULE`, one of {rules}")
    rows = comments.get("rows")
    if rows is not None and not rows.isdecimal():
        raise UserError(f"{line_in(file, text, 'rows')} `-- rows: {rows}` is not a number of rows")
    return RoomQuery(
        file, text, party, Because(because) if is_refused and because else None, None if rows is None else int(rows)
    )


def line_in(file: str, text: str, comment: str) -> str:
    """The file and the line of a comment, or the first line."""
    found = re.search(rf"^-- {comment}:", text, re.MULTILINE)
    return f"{file}:{line_of(text, len(text[: found.start()].encode())) if found else 1}:"


def line_of(text: str, place: int) -> int:
    """The line of a place, which is counted in bytes."""
    return text.encode()[:place].count(b"\n") + 1
