"""What is published: the views as files of SQL, whose they are, and what they are called in the sharing API."""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from dcr_data_generator import sql
from dcr_data_generator.clean_room import policy
from dcr_data_generator.clean_room.policy import PrivacyPolicy

DEFINITION = re.compile(
    r"CREATE OR REPLACE VIEW (?P<dataset>\w+)\.(?P<name>\w+)\s+OPTIONS \(\s*description = '(?P<description>[^']*)',"
    r"\s*privacy_policy = '(?P<policy>[^']*)'\s*\)\s*AS\s(?P<query>.*)",
    re.DOTALL,
)
FINGERPRINT = "definition"


class Shared(NamedTuple):
    """A view that a party shares: its dataset and name, what it is, its policy, its query and the whole statement."""

    dataset: str
    name: str
    description: str
    policy: PrivacyPolicy
    query: str
    statement: str

    @property
    def source(self) -> str:
        """The dataset of the party's own tables, which the view reads and its readers must not."""
        return self.dataset.replace("_clean_room", "_provider")

    @property
    def fingerprint(self) -> str:
        """What tells this definition from another; as a label on the view, it says which one was published."""
        return hashlib.sha256(self.statement.encode()).hexdigest()[:32]

    def is_as_published(self, labels: Mapping[str, str], resource: Mapping) -> bool:
        """Whether a view that is there is this one, by its label and by what BigQuery says of its definition.

        An emulator says nothing. Replacing a view with a privacy budget would fill the budget up again.
        """
        if labels.get(FINGERPRINT) != self.fingerprint:
            return False
        if "query" not in resource:
            return True
        same_query = resource["query"].split() == self.query.split()
        return same_query and holds(resource.get("privacyPolicy", {}), as_resource(self.policy))


def read() -> list[Shared]:
    """Read the views of sql/clean_room/views."""
    return [understand(file) for file in sql.read_folder("clean_room/views")]


def understand(file: sql.Query) -> Shared:
    """Read a view from its statement, without asking an engine."""
    found = DEFINITION.search(file.text)
    rule = policy.read(f"{found['dataset']}.{found['name']}", found["policy"])
    return Shared(found["dataset"], found["name"], found["description"], rule, found["query"], file.text)


def as_resource(rule: PrivacyPolicy) -> dict:
    """Write a policy as BigQuery's REST API does: ViewDefinition.privacyPolicy of tables.get."""
    resource = camel_case(rule.model_dump(mode="json", exclude_none=True))
    if threshold := resource.get("aggregationThresholdPolicy"):
        threshold["privacyUnitColumns"] = [threshold.pop("privacyUnitColumn")]
    return resource


def camel_case(value: object) -> object:
    """Give the keys of nested dictionaries their names in JSON."""
    if not isinstance(value, dict):
        return value
    return {re.sub("_(.)", lambda part: part[1].upper(), key): camel_case(each) for key, each in value.items()}


def holds(resource: object, wanted: object) -> bool:
    """Whether a resource has the wanted values; it may have more, and writes whole numbers as texts."""
    if isinstance(wanted, dict):
        return isinstance(resource, dict) and all(holds(resource.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, int | float):
        return resource is not None and float(resource) == wanted
    return resource == wanted
