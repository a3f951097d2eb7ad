"""What is published: the parties' projects, their views, and the names of everything that publish creates."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from google.cloud import bigquery
from google.cloud import bigquery_analyticshub_v1 as sharing

from dcr_data_generator import sql
from dcr_data_generator.clean_room.settings import EXCHANGE, LEVELS, NOISE, TEMPLATES
from dcr_data_generator.clean_room.views import CLEAN_ROOM, View
from dcr_data_generator.tables import DATASETS, suffixed

EXCHANGE_ID = "dcr_data_generator"
DATASET_DESCRIPTION = "What this party shares: views of its own tables."
ROUTINE = "routine"


class Listing(NamedTuple):
    """A listing: its name and description, and what it shares of a dataset: the table or routine of its name, or all.

    A listing of metadata only tells which columns there are, and nothing can be asked of it. One whose answers have
    noise shows nobody's exact rows.
    """

    name: str
    description: str
    dataset: str
    kind: str = ""  # table or routine
    has_only_metadata: bool = False
    has_noise: bool = False


class Template(NamedTuple):
    """A query template: the table function's dataset, its name, description and definition, from its name on.

    The function is in a dataset of its own, because BigQuery documents only that a routine is authorized on another
    dataset. `source` is the dataset of the views that it reads, `views` are their names.
    """

    dataset: str
    name: str
    description: str
    definition: str
    source: str
    views: Sequence[str]

    @property
    def table(self) -> str:
        """The table function's name, with its dataset."""
        return f"{self.dataset}.{self.name}"

    @property
    def body(self) -> str:
        """The query of the function, which is in parentheses after AS."""
        return re.sub(r"^.*?\sAS\s*\(|\)\s*$", "", self.definition, flags=re.DOTALL)

    @property
    def listing(self) -> Listing:
        """What lists the table function."""
        return Listing(self.name, self.description, self.dataset, ROUTINE)


class Target(NamedTuple):
    """A data clean room or a plain exchange: its projects, location and views, and how to connect.

    `views` are those of all its levels; `keys`, which they read, are views beside the parties' own tables.
    """

    merchant_project: str
    provider_project: str
    location: str
    views: Sequence[View]
    keys: Sequence[View]
    connect: Callable[[str], bigquery.Client]
    connect_to_sharing: Callable[[], sharing.AnalyticsHubServiceClient]
    suffix: str = ""
    kind: str = CLEAN_ROOM

    def project(self, name: str) -> str:
        """The project of a dataset or table: its party's."""
        return self.merchant_project if name.startswith("merchant_") else self.provider_project

    def client(self, name: str) -> bigquery.Client:
        """The client for a dataset or table."""
        return self.connect(self.project(name))

    def path(self, name: str) -> str:
        """A dataset or table, with its project."""
        return f"{self.project(name)}.{name}"

    def owner(self, name: str) -> str:
        """The role that a call on a dataset, or on a table in it, needs."""
        return f"BigQuery Data Owner (roles/bigquery.dataOwner) on dataset {self.path(name.partition('.')[0])}"

    @property
    def admin(self) -> str:
        """The role that a call of the sharing API needs."""
        return f"Analytics Hub Admin (roles/analyticshub.admin) on project {self.merchant_project}"

    @property
    def exchange(self) -> str:
        """The resource name of the data exchange, which is in the merchant's project."""
        return f"projects/{self.merchant_project}/locations/{self.location.lower()}/dataExchanges/{self.exchange_id}"

    @property
    def exchange_id(self) -> str:
        """The last part of the exchange's name."""
        return EXCHANGE_ID + ("" if self.is_clean_room else f"_{self.kind}") + self.suffix

    @property
    def is_clean_room(self) -> bool:
        """Whether it is a data clean room, which has analysis rules and lists views; else it is a plain exchange."""
        return self.kind == CLEAN_ROOM

    @property
    def in_words(self) -> str:
        """What it is."""
        return "data clean room" if self.is_clean_room else "plain exchange"

    @property
    def salt_tables(self) -> list[str]:
        """Where the salt is: a table beside each party's own."""
        return [suffixed(f"{dataset}.{self.kind}_salt", self.suffix) for dataset in DATASETS]

    def views_of(self, level: str) -> list[View]:
        """The views that a level shares, or of which it shares the columns."""
        if self.is_clean_room == (level == EXCHANGE):
            return []
        read = {name for template in self.templates_of(level) for name in template.views}
        return [
            view
            for view in self.views
            if view.has_noise == (level == NOISE) and (level != TEMPLATES or view.table in read)
        ]

    def listings_of(self, level: str) -> list[Listing]:
        """What a level lists."""
        views = self.views_of(level)
        if not self.is_clean_room:
            return [Listing(dataset, DATASET_DESCRIPTION, dataset) for dataset in datasets_of(views)]
        listings = [
            Listing(view.name, view.description, view.dataset, "table", level == TEMPLATES, view.has_noise)
            for view in views
        ]
        return [*listings, *(template.listing for template in self.templates_of(level))]

    @property
    def listings(self) -> dict[str, Listing]:
        """What any level lists, by name."""
        return {each.name: each for level in LEVELS for each in self.listings_of(level)}

    def templates_of(self, level: str) -> list[Template]:
        """The approved questions of a level, which name the views with their projects."""
        if level != TEMPLATES or not self.is_clean_room:
            return []
        templates = []
        for file in sql.read_questions("template", self.suffix):
            text, read = file.text, []
            for view in self.views:
                text, times = re.subn(rf"\b{re.escape(view.table)}\b", f"`{self.path(view.table)}`", text)
                read += [view] if times else []
            if not read:
                continue
            _, dataset, definition = re.split(r"TABLE FUNCTION (\w+)\.", text)
            name, [source] = definition.partition("(")[0], datasets_of(read)
            views = [view.table for view in read]
            templates.append(Template(dataset, name, file.comment("template"), definition.strip(), source, views))
        return templates

    def template(self, name: str) -> str:
        """The resource name of a query template."""
        return f"{self.exchange}/queryTemplates/{name}"

    def listing(self, name: str) -> str:
        """The resource name of a listing."""
        return f"{self.exchange}/listings/{name}"


def datasets_of(shared: Sequence[View] | Sequence[Template]) -> list[str]:
    """The datasets of views or functions."""
    return list(dict.fromkeys(each.dataset for each in shared))
