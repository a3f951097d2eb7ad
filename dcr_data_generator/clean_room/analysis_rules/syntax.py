"""The text of a statement, and its syntax tree: where its parts stand, and how the text is edited."""

import re
from collections.abc import Sequence

from zetasql import types

type Named = types.ASTTablePathExpression | types.ASTTVF | types.ASTTableClause | types.ASTModelClause


def path_of(node: Named) -> types.ASTPathExpression | None:
    """The name of a table, a table function or a model, where it is a name; in UNNEST it is not."""
    match node:
        case types.ASTTablePathExpression():
            return node.path_expr
        case types.ASTTVF():
            return node.name
        case types.ASTModelClause():
            return node.model_path
    return node.table_path


def names_of(node: Named) -> list[str]:
    """The parts of its name, such as project, dataset and table."""
    return parts_of(path_of(node))


def parts_of(path: types.ASTPathExpression | None) -> list[str]:
    return ".".join(name.id_string for name in path.names).split(".") if path else []


def as_range(node: types.ASTNode) -> range:
    # In bytes of UTF-8.
    return range(node.parse_location_range.start, node.parse_location_range.end)


def part(text: str, place: range) -> str:
    return text.encode()[place.start : place.stop].decode()


def edit(text: str, edits: Sequence[tuple[range, str]]) -> str:
    content = text.encode()
    for place, new in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        content = content[: place.start] + new.encode() + content[place.stop :]
    return content.decode()


# A string or a quoted name, a comment, or blanks.
TOKEN = re.compile(
    r"""(?P<kept>[rRbB]{0,2}(\'\'\'.*?(?<!\\)\'\'\'|\"\"\".*?(?<!\\)\"\"\"|'(\\.|[^'\\\n])*'|"(\\.|[^"\\\n])*")|`[^`]*`)"""
    r"|--[^\n]*|\#[^\n]*|/\*.*?\*/|\s+",
    re.DOTALL,
)


def on_one_line(text: str) -> str:
    """Write a query on one line, without comments; strings stay as they are."""
    return TOKEN.sub(lambda match: match["kept"] or " ", text).strip(" ;").replace("  ", " ")


def column_names(names: Sequence[str]) -> list[str]:
    """Name the columns of an answer as BigQuery does: f0_ without a name, and last_name_1 for a second last_name."""
    columns: list[str] = []
    for name in names:
        unnamed = sum(each.startswith("f") and each.endswith("_") for each in columns)
        number = sum(each == name for each in names[: len(columns)])
        columns.append((f"{name}_{number}" if number else name) if name else f"f{unnamed}_")
    return columns
