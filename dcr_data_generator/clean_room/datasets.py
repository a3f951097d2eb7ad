"""The BigQuery side of publishing: datasets, the salt, views, and what views may read.

Source: "Authorized views" and "Data definition language (DDL) statements in GoogleSQL" in BigQuery's documentation.
Each function brings about what it says, however often it is called; it returns what it did, or None: it was so already.
"""

from collections.abc import Callable

import pandas as pd
from google.api_core.exceptions import Conflict, NotFound, PreconditionFailed
from google.cloud import bigquery
from pydantic import SecretStr

from dcr_data_generator.clean_room.plan import Plan
from dcr_data_generator.clean_room.salt import SALT_TABLE
from dcr_data_generator.clean_room.shared import FINGERPRINT, Shared
from dcr_data_generator.errors import UserError

MADE_BY_US = {"application": "dcr-data-generator", "made-by": "clean-room"}
SALT_SCHEMA = [bigquery.SchemaField("salt", "STRING", "REQUIRED")]
# How often to try again when somebody else changes the same thing at the same time.
TRIES = 5


def find(plan: Plan, source: str, table: str) -> None:
    """See that a run has made a party's table, where the clean room is to be.

    Raises:
        UserError: it is not there, or elsewhere.
    """
    project, client = plan.project(source), plan.client(source)
    try:
        client.get_table(f"{plan.path(source)}.{table}")
        location = client.get_dataset(plan.path(source)).location
    except NotFound:
        raise UserError(
            f"there is no {source}.{table} in project {project}: run "
            f"`uv run python -m dcr_data_generator.main --write-project-id {project}` first"
        ) from None
    if location.upper() != plan.location.upper():
        raise UserError(f"{plan.path(source)} is in {location}: give --location {location}")


def make_dataset(plan: Plan, name: str) -> str | None:
    """Make a dataset for the views; one that is there stays as it is."""
    wanted = bigquery.Dataset(plan.path(name))
    wanted.location, wanted.labels = plan.location, MADE_BY_US
    wanted.description = "What this party shares in the clean room: views, with rules."
    try:
        plan.client(name).create_dataset(wanted)
    except Conflict:
        location = plan.client(name).get_dataset(plan.path(name)).location
        if location.upper() != plan.location.upper():
            raise UserError(
                f"dataset {plan.path(name)} is in {location}: remove it, or give --location {location}"
            ) from None
        return None
    return "created"


def put_salt(plan: Plan, source: str, salt: SecretStr) -> str | None:
    """Put the salt beside a party's own tables, where only the party and its authorized views can read it.

    It is loaded, not inserted by a statement: the text and the parameters of a statement are kept in the job history.
    """
    table, client = f"{plan.path(source)}.{SALT_TABLE}", plan.client(source)
    try:
        if [row.salt for row in client.list_rows(client.get_table(table))] == [salt.get_secret_value()]:
            return None
        done = "changed"
    except NotFound:
        done = "created"
    client.load(pd.DataFrame({"salt": [salt.get_secret_value()]}), table, SALT_SCHEMA)
    return done


def make_view(plan: Plan, view: Shared) -> str | None:
    """Create a view, or replace one that differs."""
    client, name = plan.client(view.dataset), f"{plan.path(view.dataset)}.{view.name}"
    try:
        table = client.get_table(name)
        if view.is_as_published(table.labels, table.to_api_repr().get("view", {})):
            return None
        done = "changed"
    except NotFound:
        done = "created"
    client.query(view.statement).result()
    table = client.get_table(name)
    table.labels = {**MADE_BY_US, FINGERPRINT: view.fingerprint}
    client.update_table(table, ["labels"])
    return done


def entry_of(plan: Plan, view: Shared) -> bigquery.AccessEntry:
    """What a dataset's access list says of an authorized view."""
    reference = {"projectId": plan.project(view.dataset), "datasetId": view.dataset, "tableId": view.name}
    return bigquery.AccessEntry(entity_type="view", entity_id=reference)


def authorize(plan: Plan, view: Shared) -> str | None:
    """Let a view read the tables of its party."""
    return change_access(plan, view, lambda entries, entry: entries if entry in entries else [*entries, entry])


def authorize_no_more(plan: Plan, view: Shared) -> str | None:
    """Let a view no longer read the tables of its party."""
    return change_access(plan, view, lambda entries, entry: [each for each in entries if each != entry])


def change_access(plan: Plan, view: Shared, change: Callable[[list, bigquery.AccessEntry], list]) -> str | None:
    """Change a dataset's access list, anew if somebody else changed it in between: its etag tells."""
    client = plan.client(view.source)
    for _ in range(TRIES):
        try:
            dataset = client.get_dataset(plan.path(view.source))
        except NotFound:
            return None
        entries = list(dataset.access_entries)
        wanted = change(entries, entry_of(plan, view))
        if wanted == entries:
            return None
        dataset.access_entries = wanted
        try:
            client.update_dataset(dataset, ["access_entries"])
        except PreconditionFailed:
            continue
        return "changed"
    raise UserError(f"{plan.path(view.source)} is being changed by somebody else: run again")


def drop_table(plan: Plan, dataset: str, name: str) -> str | None:
    """Delete a table or view."""
    try:
        plan.client(dataset).delete_table(f"{plan.path(dataset)}.{name}")
    except NotFound:
        return None
    return "deleted"


def drop_dataset(plan: Plan, name: str) -> str | None:
    """Delete a dataset that publish made, if nothing else is in it."""
    client = plan.client(name)
    try:
        dataset = client.get_dataset(plan.path(name))
    except NotFound:
        return None
    if dataset.labels.get("made-by") != MADE_BY_US["made-by"]:
        return "left: it was there before"
    if [*client.list_tables(dataset), *client.list_routines(dataset)]:
        return "left: something else is in it"
    client.delete_dataset(dataset)
    return "deleted"
