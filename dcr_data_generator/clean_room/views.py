"""The views that the two parties share: the files of sql/clean_room/views, read once for every command."""

import re
from typing import NamedTuple

from dcr_data_generator import sql
from dcr_data_generator.clean_room import policy
from dcr_data_generator.clean_room.policy import PrivacyPolicy
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import suffixed

STATEMENT = re.compile(
    r"(--[^\n]*\n)*CREATE OR REPLACE VIEW (?P<dataset>\w+)\.(?P<name>\w+)\s+"
    r"OPTIONS \(\s*description = '(?P<description>[^']*)',\s*privacy_policy = '(?P<policy>[^']*)'\s*\)\s*"
    r"AS\s(?P<query>.*)",
    re.DOTALL,
)


class View(NamedTuple):
    """A view: its dataset and name, its policy, its query, and the whole CREATE VIEW statement."""

    dataset: str
    name: str
    description: str
    policy: PrivacyPolicy
    query: str
    statement: str

    @property
    def table(self) -> str:
        """The view's name, with its dataset."""
        return f"{self.dataset}.{self.name}"

    @property
    def source(self) -> str:
        """The dataset of the party's own tables, which the view reads and its readers must not."""
        return self.dataset.replace("_clean_room", "_provider")


def read(suffix: str = "", folder: str = "clean_room/views") -> list[View]:
    """Read the views of a folder, in datasets with a suffix; a view may read those before it.

    Raises:
        UserError: a file is not the statement of a view, or its policy is not allowed.
    """
    files = sql.read_folder(folder)
    return [parse(file._replace(text=suffixed(file.text, suffix))) for file in files]


def parse(file: sql.Query) -> View:
    """Read a view from its CREATE VIEW statement."""
    statement = STATEMENT.fullmatch(file.text)
    if not statement:
        raise UserError(
            f"{file.name}.sql is not CREATE OR REPLACE VIEW dataset.name OPTIONS (description = '...', "
            "privacy_policy = '...') AS SELECT ...: without a policy, a subscriber sees the whole view"
        )
    parts = statement.groupdict()
    parsed = policy.read(f"{parts['dataset']}.{parts['name']}", parts["policy"])
    return View(parts["dataset"], parts["name"], parts["description"], parsed, parts["query"], file.text)
