"""What is to be published where, and under which names."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from google.cloud import bigquery_analyticshub_v1 as sharing

from dcr_data_generator.clean_room.shared import Shared
from dcr_data_generator.warehouse import Warehouse

EXCHANGE_ID = "dcr_data_generator"


class Plan(NamedTuple):
    """What is to be published where; the clients are not asked before a step is taken."""

    projects: dict[str, str]
    location: str
    views: list[Shared]
    subscribers: Sequence[str]
    allow_egress: bool
    client_of: Callable[[str], Warehouse]
    sharing_client: Callable[[], sharing.AnalyticsHubServiceClient]

    def project(self, dataset: str) -> str:
        """The project of a dataset, by the party whose it is."""
        return self.projects[dataset.split("_")[0]]

    def client(self, dataset: str) -> Warehouse:
        """The client of a dataset's project."""
        return self.client_of(self.project(dataset))

    def path(self, dataset: str) -> str:
        """A dataset with its project."""
        return f"{self.project(dataset)}.{dataset}"

    @property
    def rooms(self) -> list[str]:
        """The datasets of the views."""
        return list(dict.fromkeys(view.dataset for view in self.views))

    @property
    def sources(self) -> list[str]:
        """The datasets of the parties' own tables."""
        return list(dict.fromkeys(view.source for view in self.views))

    @property
    def parent(self) -> str:
        """Where the clean room is: in the merchant's project."""
        return f"projects/{self.projects['merchant']}/locations/{self.location.lower()}"

    @property
    def exchange(self) -> str:
        """The clean room's resource name."""
        return f"{self.parent}/dataExchanges/{EXCHANGE_ID}"

    def listing(self, view: Shared) -> str:
        """A view's listing's resource name."""
        return f"{self.exchange}/listings/{view.name}"
