"""A clean room before it is opened: its tables, views and parties, and the queries that tell what it is to answer."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood, Party, SharedView
from dcr_data_generator.clean_room.analysis_rules.reply import Because
from dcr_data_generator.clean_room.analysis_rules.room import Load
from dcr_data_generator.clean_room.policy import PrivacyPolicy
from dcr_data_generator.errors import UserError

PLACE = re.compile(r" \[at (\d+):(\d+)\]")


class RoomView(NamedTuple):
    """A view: its name ("dataset.view"), its policy, its query, and where it is written.

    `line` is that of its CREATE VIEW, and `query_line` that of its query; `statement` is the text from the one on.
    """

    name: str
    policy: PrivacyPolicy
    query: str
    rule: str = ""
    file: str = ""
    line: int = 1
    query_line: int = 1
    statement: str = ""

    def line_of(self, pattern: str) -> int:
        """The line of the file where something of the view stands; otherwise that of its CREATE VIEW."""
        found = re.search(pattern, self.statement, re.IGNORECASE)
        return self.line + self.statement[: found.start()].count("\n") if found else self.line


class RoomQuery(NamedTuple):
    """A query with what is expected of it: who asks, the rule that refuses it (None if it is allowed), and its rows."""

    file: str
    text: str
    party: str
    because: Because | None = None
    rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class Room:
    """A clean room before it is opened.

    Attributes:
        name: what it is called.
        tables: the columns of each table ("dataset.table") and their BigQuery types.
        views: a view may read those before it.
        parties: the datasets of each party, those of its tables and those of its views.
        allowed: queries that are to be answered.
        refused: queries that are to be refused.
        load: reads columns of a table: its rows, in the order of the columns.
        rows: the number of rows of each table, where it is known.
        files: the file of each table, where it has one.
        secrets: see CleanRoom.
        templates: CREATE TABLE FUNCTION statements.
    """

    name: str
    tables: Mapping[str, Mapping[str, str]]
    views: Sequence[RoomView]
    parties: Mapping[str, frozenset[str]]
    load: Load
    allowed: Sequence[RoomQuery] = ()
    refused: Sequence[RoomQuery] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    templates: Sequence[str] = ()

    def party(self, name: str | None) -> str:
        """The party of a name; without one, the only party there is. Raises UserError for another."""
        names = list(self.parties)
        if name is None and len(names) == 1:
            return names[0]
        if name is None or name not in self.parties:
            who = "it is not said who asks" if name is None else f"no party is called {name!r}"
            raise UserError(f"{who}: give --as {' or '.join(names)}")
        return name

    def open(self) -> CleanRoom:
        """Open the room, which reads rows when it needs them.

        Raises:
            UserError: a view is not BigQuery's, or a template is not.
        """
        # Datasets with nothing but views are shared; what lies beside a party's tables is its own.
        own = {name.split(".")[0] for name in [*self.tables, *self.secrets]}
        shared = {view.name.split(".")[0] for view in self.views} - own
        try:
            return CleanRoom(
                self.tables,
                {view.name: SharedView(view.policy, view.query, view.rule) for view in self.views},
                [Party(name, datasets - shared) for name, datasets in self.parties.items()],
                secrets=self.secrets,
                load=self.load,
                templates=self.templates,
            )
        except NotUnderstood as error:
            raise UserError(self.placed(str(error))) from None

    def placed(self, sentence: str) -> str:
        """Say in which file and line an error is that names a view."""
        view = next((each for each in self.views if f"of {each.name} " in sentence and each.file), None)
        if view is None:
            return sentence
        place = PLACE.search(sentence)
        line = view.query_line + int(place[1]) - 1 if place else view.line_of("privacy_policy")
        return f"{view.file}:{line}: {PLACE.sub('', sentence)}"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(sorted(names))
