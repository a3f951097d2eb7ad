"""The list of what the program relies on at Google Cloud is complete."""

import ast
import inspect
import re
from pathlib import Path

from google.cloud import bigquery
from google.cloud.bigquery_analyticshub_v1 import AnalyticsHubServiceClient

import dcr_data_generator

PACKAGE = Path(dcr_data_generator.__file__).parent
PAGE = PACKAGE.parent / "docs" / "google-cloud.md"
# Names that the package uses for something else: files are closed, a view has a dataset, a syntax tree names tables.
# Only an emulator is asked for its datasets.
OTHER_NAMES = {"close", "dataset", "table_path", "list_datasets"}


def methods_of(client: type) -> set[str]:
    """The public methods of a client."""
    return {name for name, _ in inspect.getmembers(client, callable) if not name.startswith("_")}


def test_every_method_called_on_a_client_is_in_the_list() -> None:
    methods = (methods_of(bigquery.Client) | methods_of(AnalyticsHubServiceClient)) - OTHER_NAMES
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")]
    calls = {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & methods
    assert {"query", "get_listing"} <= calls
    assert calls - set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8"))) == set()


def test_every_role_in_a_message_is_in_the_list() -> None:
    roles = {
        role
        for path in PACKAGE.rglob("*.py")
        for role in re.findall(r"roles/\w+\.\w+", path.read_text(encoding="utf-8"))
    }
    assert roles
    assert roles - set(re.findall(r"roles/\w+\.\w+", PAGE.read_text(encoding="utf-8"))) == set()
