"""What a party may name in a query: its own tables and views, and what is shared. Nothing of another party's."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules.engine import GoogleSQL
from dcr_data_generator.clean_room.analysis_rules.lineage import NotUnderstood, find
from dcr_data_generator.clean_room.analysis_rules.reply import Because, Fix, Refused
from dcr_data_generator.clean_room.analysis_rules.syntax import names_of, parts_of

SCHEMA = "information_schema"
ONE_QUERY = "Only a single query is rehearsed: no script, no DML or DDL statement, no temporary function."
READ_ONLY = "What a clean room shares is read-only: it cannot be changed, copied or exported."
# The first words of statements; some of BigQuery's are not ZetaSQL's.
VERBS = re.compile(
    r"(\s|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*(alter|assert|begin|call|case|create|declare|delete|drop|execute|export|for|grant"
    r"|if|insert|load|loop|merge|raise|repeat|revoke|set|truncate|undrop|update|while)\b",
    re.IGNORECASE | re.DOTALL,
)


class Party(NamedTuple):
    """A party: what it is called, and the datasets of its own, which nobody else reads."""

    name: str
    datasets: frozenset[str]


def check_statement(engine: GoogleSQL, text: str) -> None:
    """Check that a text is one query.

    Raises:
        Refused: it is something else. A syntax error is for the analyzer to find.
    """
    try:
        statement = engine.parse(text)
    except NotUnderstood:
        if VERBS.match(text) or is_script(engine, text):
            raise only_a_query() from None
        return
    if not isinstance(statement, types.ASTQueryStatement):
        raise only_a_query()


def is_script(engine: GoogleSQL, text: str) -> bool:
    """Whether a text is several statements."""
    try:
        return bool(engine.parse_script(text).statement_list_node.statement_list)
    except NotUnderstood:
        return False


def only_a_query() -> Refused:
    return Refused(Because.SINGLE_QUERY, ONE_QUERY, READ_ONLY, is_bigquerys=False, fix=Fix.SCRIPT)


def check_names(
    engine: GoogleSQL, text: str, party: Party, parties: Mapping[str, Party], shared: Collection[str]
) -> None:
    """Check that a query names nothing of another party's, however it is written.

    Raises:
        Refused: it does.
        NotUnderstood: it names an INFORMATION_SCHEMA of the party's own, or a wildcard table.
    """
    paths = [names_of(node) for node in engine.names(text)]
    paths += [parts_of(call.function) for call in engine.nodes(text, types.ASTFunctionCall)]
    for parts in paths:
        if ".".join(parts[-2:]) in shared:
            continue
        for dataset in parts[:-1]:
            if (owner := owner_of(dataset, parties.values())) not in (party, None):
                raise denied(".".join(parts[parts.index(dataset) :]), owner)
        if parts and parts[-1].endswith("*"):
            raise NotUnderstood("wildcard tables are not supported in a rehearsal")
        if SCHEMA in map(str.lower, parts):
            place = [each.lower() for each in parts].index(SCHEMA)
            if place and owner_of(parts[place - 1], [party]):
                raise NotUnderstood("INFORMATION_SCHEMA is not supported in a rehearsal")
            raise denied(".".join(parts[max(place - 1, 0) :]), None)


OPTIONS = {
    "AGGREGATION_THRESHOLD": {"threshold", "privacy_unit_column"},
    "DIFFERENTIAL_PRIVACY": {"epsilon", "delta", "max_groups_contributed", "privacy_unit_column"},
}


def check_options(engine: GoogleSQL, text: str) -> None:
    """Check that the privacy clauses of a query have no option that is ZetaSQL's and not BigQuery's.

    Raises:
        NotUnderstood: one has; or it is no clause of BigQuery's.
    """
    for select in engine.clauses(text):
        clause = select.select_with
        keyword = clause.identifier.id_string.upper()
        if keyword not in OPTIONS:
            raise NotUnderstood(f"SELECT WITH {keyword} is not in BigQuery's documentation")
        for entry in clause.options.options_entries if clause.options else []:
            if entry.name.id_string.lower() not in OPTIONS[keyword]:
                raise NotUnderstood(f"{entry.name.id_string} is not an option of SELECT WITH {keyword} in BigQuery")


PREVIEWS = {"where_expr": "WHERE", "group_by": "GROUP BY"}


def previews(engine: GoogleSQL, text: str) -> list[str]:
    """Say which parts of a query BigQuery has in Preview only."""
    calls = engine.nodes(text, types.ASTFunctionCall)
    words = [word for name, word in PREVIEWS.items() if any(getattr(call, name, None) for call in calls)]
    return [f"{word} in an aggregate function is in Preview in BigQuery" for word in words]


def owner_of(dataset: str, parties: Iterable[Party]) -> Party | None:
    """The party whose own a dataset is, in whatever case it is written; None for what is shared."""
    return next((party for party in parties if dataset.lower() in map(str.lower, party.datasets)), None)


def denied(table: str, owner: Party | None) -> Refused:
    """What BigQuery says of a table that somebody may not read."""
    whose = f"{table} belongs to the {owner.name}" if owner else f"{table} lists what all parties have"
    return Refused(
        Because.ACCESS,
        f"Access Denied: Table {table}: User does not have permission to query table {table}, or perhaps it does not "
        "exist.",
        f"A party reads its own tables and what the other shares, and nothing else: {whose}.",
        table=table,
    )


def queries_of(engine: GoogleSQL, text: str) -> list[types.ASTQueryStatement]:
    """The queries among the statements of a script, the last one first."""
    try:
        script = engine.parse_script(text)
    except NotUnderstood:
        return []
    return find(script, types.ASTQueryStatement)[::-1]
