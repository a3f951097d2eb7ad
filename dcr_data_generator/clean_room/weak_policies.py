"""Policies that protect nothing, of this project's views or of the user's own."""

import re
from collections.abc import Iterator, Sequence

from dcr_data_generator.clean_room.views import View

MAX_BUDGET, MIN_THRESHOLD = 10, 10
# What stands between FROM or JOIN and what can follow: one table, or several with commas.
TABLES = re.compile(
    r"\b(?:FROM|JOIN)\b(.*?)(?=\b(?:FROM|JOIN|ON|USING|WHERE|GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|UNION|SELECT)\b|\)|$)",
    re.IGNORECASE | re.DOTALL,
)
COMMENT = re.compile(r"--[^\n]*|#[^\n]*|/\*.*?\*/", re.DOTALL)
# Names that end so are of a party's keys and secrets, and not of its rows.
HELPERS = ("_keys", "_salt")
# Columns that name people.
NAMES = re.compile(
    r"(\w+_)?(name|e_?mail|email_address|phone|phone_number|mobile|address|date_of_birth|birth_?date|birthday|dob)"
)


def weaknesses(views: Sequence[View]) -> list[str]:
    """Say in a sentence each, with the view's name, what protects nothing of views that are shared together."""
    return [sentence for view in views for sentence in [*weaknesses_of(view), *exact_views_beside(view, views)]]


def weaknesses_of(view: View) -> Iterator[str]:
    """Say what protects nothing of a single view."""
    noise, groups = view.policy.differential_privacy_policy, view.policy.aggregation_threshold_policy
    if noise and noise.epsilon_budget > MAX_BUDGET:
        yield (
            f"the epsilon budget of {view.table} is {noise.epsilon_budget:g}: above {MAX_BUDGET}, noise hides nobody "
            "from who may ask as much"
        )
    if groups and groups.threshold < MIN_THRESHOLD:
        yield f"the threshold of {view.table} is {groups.threshold}: below {MIN_THRESHOLD}, groups are nearly people"
    if view.policy.join_restriction_policy and not view.policy.privacy_unit_column:
        shown = columns_of(view)
        columns = [each for each in shown if NAMES.fullmatch(each) and not each.startswith("hashed_")]
        if "*" in shown:
            yield f"{view.table} is a list overlap that shows all columns of what it reads: name those that are shared"
        elif columns:
            yield f"{view.table} is a list overlap that shows {', '.join(columns)}: who guesses a key reads a name"


def exact_views_beside(view: View, views: Sequence[View]) -> Iterator[str]:
    """Say which views show the rows behind a view with noise without noise."""
    for other in views if view.has_noise else []:
        if not other.has_noise and (tables := tables_of(view) & tables_of(other)):
            rows = ", ".join(sorted(tables))
            yield f"{other.table} shows the rows of {rows} exactly, which {view.table} hides in noise"


def tables_of(view: View) -> set[str]:
    """The tables of the parties that a view reads."""
    listed = [each for tables in TABLES.findall(plain(view.query)) for each in tables.split(",")]
    names = {each.split()[0] for each in listed if each.strip()}
    return {name for name in names if "." in name and not name.endswith(HELPERS)}


def plain(query: str) -> str:
    """A query in lower case, without comments and the quotation marks of names."""
    return COMMENT.sub(" ", query).replace("`", "").lower()


def columns_of(view: View) -> list[str]:
    """The names of a view's columns, in lower case."""
    text = plain(view.query)
    while (shorter := re.sub(r"\([^()]*\)", " ", text)) != text:  # what is in parentheses names no column
        text = shorter
    columns = re.split(r"\bFROM\b", re.split(r"\bSELECT\b", text, flags=re.IGNORECASE)[-1], flags=re.IGNORECASE)[0]
    return [re.split(r"[\s.`]+", column.strip(" \n`"))[-1].lower() for column in columns.split(",")]
