"""The views that the two parties share, and those of their own keys: sql/clean_room/views and sql/clean_room/keys."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from dcr_data_generator import sql
from dcr_data_generator.clean_room import policy
from dcr_data_generator.clean_room.policy import PrivacyPolicy
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import MERCHANT, PROVIDER

# What the views are shared in: their datasets and the salt beside the parties' tables are named after it.
CLEAN_ROOM, EXCHANGE = "clean_room", "exchange"
STATEMENT = re.compile(
    r"(--[^\n]*\n)*CREATE OR REPLACE VIEW (?P<dataset>\w+)\.(?P<name>\w+)\s+"
    r"OPTIONS \(\s*description = '(?P<description>[^']*)'(,\s*privacy_policy = '(?P<policy>[^']*)')?\s*\)\s*"
    r"AS\s(?P<query>.*)",
    re.DOTALL,
)
NO_POLICY = PrivacyPolicy.model_construct()
VIEWS, KEYS = "clean_room/views", "clean_room/keys"


class View(NamedTuple):
    """A view: its dataset and name, its policy, its query, the whole CREATE VIEW statement, and its rule in words."""

    dataset: str
    name: str
    description: str
    policy: PrivacyPolicy
    query: str
    statement: str
    rule: str = ""

    @property
    def table(self) -> str:
        """The view's name, with its dataset."""
        return f"{self.dataset}.{self.name}"

    @property
    def source(self) -> str:
        """The dataset of the party's own tables, which the view reads and its readers must not."""
        return re.sub(f"_({CLEAN_ROOM}|{EXCHANGE})", "_provider", self.dataset, count=1)

    @property
    def has_noise(self) -> bool:
        """Whether its answers have noise."""
        return self.policy.differential_privacy_policy is not None

    def labelled(self, labels: Mapping[str, str], replaces: bool) -> str:
        """The statement that creates the view with labels. Unless it replaces a view, it fails where there is one."""
        create = "CREATE OR REPLACE VIEW" if replaces else "CREATE VIEW"
        options = rf"{create} \1\nOPTIONS (\n  labels = {[*labels.items()]},"
        return re.sub(r"CREATE OR REPLACE VIEW (\S+)\s+OPTIONS \(", options, self.statement, count=1)


def read(suffix: str = "", folder: str = VIEWS) -> list[View]:
    """Read the views of a folder, in datasets with a suffix. A view may read those before it.

    Raises:
        UserError: a file is not the statement of a view, or its policy is not allowed.
    """
    return [parse(file) for file in sql.read_folder(folder, suffix)]


def read_exchanged(suffix: str = "", folder: str = VIEWS) -> list[View]:
    """Read them for a plain exchange: without rules. Those with noise are left out, as their rows are others' rows."""
    return [without_policy(view) for view in read(suffix, folder) if not view.has_noise]


def parse(file: sql.Query) -> View:
    """Read a view from its CREATE VIEW statement; one beside a party's own tables is its own, and needs no policy."""
    statement = STATEMENT.fullmatch(file.text)
    is_own = statement and statement["dataset"].startswith((MERCHANT, PROVIDER))
    if not statement or not (statement["policy"] or is_own):
        raise UserError(
            f"{file.name}.sql is not CREATE OR REPLACE VIEW dataset.name OPTIONS (description = '...', "
            "privacy_policy = '...') AS SELECT ...: without a policy, a subscriber sees the whole view"
        )
    parts = statement.groupdict()
    parsed = NO_POLICY
    if parts["policy"]:
        parsed = policy.read(f"{parts['dataset']}.{parts['name']}", parts["policy"])
    rule = file.comments.get("rule", "")
    return View(parts["dataset"], parts["name"], parts["description"], parsed, parts["query"], file.text, rule)


def without_policy(view: View) -> View:
    """The same view for a plain exchange, in a dataset and with a salt of its own."""
    description = view.description.partition(". ")[0] + "."
    options = f"OPTIONS (description = '{description}')"
    dataset, name, query = (text.replace(CLEAN_ROOM, EXCHANGE) for text in (view.dataset, view.name, view.query))
    statement = f"CREATE OR REPLACE VIEW {dataset}.{name}\n{options}\nAS\n{query}"
    return View(dataset, name, description, NO_POLICY, query, statement)
