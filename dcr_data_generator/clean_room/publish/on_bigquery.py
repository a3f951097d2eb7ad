"""The calls on BigQuery that publish and unpublish make. Each returns what it changed, or None if nothing differed.

Sources: "Authorized views", "Authorized routines" and "Data definition language (DDL) statements in GoogleSQL" in
BigQuery's documentation.
"""

import hashlib

from google.cloud import bigquery
from pydantic import SecretStr

from dcr_data_generator.clean_room.publish.calls import delete, find, read
from dcr_data_generator.clean_room.publish.on_sharing import delete_listing
from dcr_data_generator.clean_room.publish.target import DATASET_DESCRIPTION, Target, Template
from dcr_data_generator.clean_room.views import View
from dcr_data_generator.errors import UserError
from dcr_data_generator.snapshot import is_unfinished, window_of
from dcr_data_generator.tables import MERCHANT, suffixed

LABELS = {"application": "dcr-data-generator", "made-by": "clean-room"}
FINGERPRINT = "definition"  # the label of a view that tells which statement created it
# "Authorized views"
SAME_NAME = (
    "BigQuery asks to wait 24 hours before the name of a deleted view is used again: if nobody can read it, wait"
)
SALT_SCHEMA = [bigquery.SchemaField(name, "STRING", "REQUIRED") for name in ("salt", "normalizer")]


def check_table(target: Target, table: str) -> None:
    project, path = target.project(table), target.path(table.partition(".")[0])
    if not find(target.client(table).get_table, target.path(table)):
        command = f"uv run dcr make --write-project-id {project}"
        if project != target.merchant_project:  # so that both see the same snapshot
            command += (
                f" --source-dataset {target.merchant_project}.{suffixed(MERCHANT, target.suffix)} --target-date ..."
            )
        command += f" --suffix {target.suffix}" if target.suffix else ""
        raise UserError(f"there is no {table} in project {project}: run `{command}` first")
    dataset = read(target.client(table).get_dataset, path)
    if dataset.location.upper() != target.location.upper():
        raise UserError(f"dataset {path} is in {dataset.location}: give --location {dataset.location}")
    if is_unfinished(dataset.labels):
        raise UserError(f"a run was stopped while it replaced the tables of {path}: run `uv run dcr make` again")
    if project != target.merchant_project:
        check_same_days(target)


def check_same_days(target: Target) -> None:
    """Check that both projects have the same days, where both have a snapshot that says which it has."""
    name = suffixed(MERCHANT, target.suffix)
    paths = [f"{project}.{name}" for project in (target.merchant_project, target.provider_project)]
    datasets = [find(target.connect(path.partition(".")[0]).get_dataset, path) for path in paths]
    days = [window_of(dataset.labels) if dataset else None for dataset in datasets]
    if days[0] and days[1] and days[0] != days[1]:
        raise UserError(
            f"{paths[0]} has {days[0].words}, and {paths[1]}, the provider's snapshot, has "
            f"{days[1].words}: make both again for the same days"
        )


def create_dataset(target: Target, name: str) -> str | None:
    client, path = target.client(name), target.path(name)
    current = find(client.get_dataset, path)
    if current and current.location.upper() == target.location.upper():
        return None
    if current:
        raise UserError(f"dataset {path} is in {current.location}: remove it, or give --location {current.location}")
    dataset = bigquery.Dataset(path)
    dataset.location, dataset.labels, dataset.description = target.location, LABELS, DATASET_DESCRIPTION
    client.create_dataset(dataset)
    return "created"


def load_salt(target: Target, table: str, secret: SecretStr, normalizer: str) -> str | None:
    """Load what makes a key of an email beside a party's own tables, where only the party and its views can read it."""
    client, name = target.client(table), target.path(table)
    content = {"salt": secret.get_secret_value(), "normalizer": normalizer}
    current = find(client.get_table, name)
    if current and [dict(row) for row in client.list_rows(current)] == [content]:
        return None
    # A load job, because the job history shows the text and the parameters of every statement. It is uploaded from
    # memory: a file would have the salt in clear.
    job_config = bigquery.LoadJobConfig(schema=SALT_SCHEMA, write_disposition="WRITE_TRUNCATE")
    client.load_table_from_json([content], name, job_config=job_config).result()
    return "changed" if current else "created"


def create_view(target: Target, view: View) -> str | None:
    """Create a view, or replace one that differs. Replacing a view with a privacy budget would refill the budget.

    Where BigQuery does not let its policy be changed, it is deleted and created again. Either needs a new
    authorization, and a new view a new listing, which the calls after this one make: the old ones are removed here.

    Raises:
        Conflict: there is a view that BigQuery did not find.
    """
    client, name = target.client(view.table), target.path(view.table)
    current, definition = find(client.get_table, name), {FINGERPRINT: fingerprint(view)}
    is_same = current is not None and is_published(view, current)
    if current and is_same and LABELS.items() <= current.labels.items():
        return None
    if current and not is_same and is_changeable(view, current):
        # An entry of a view that is replaced has to be granted again.
        set_authorization(target, view, False)
        client.query(view.labelled({**LABELS, **definition}, replaces=True)).result()
        set_labels(target, view)
        return "changed"
    was_there = False
    if current and not is_same:
        was_there = remove_traces(target, view)
        was_there |= bool(delete_table(target, view.table))
    if not is_same:
        # The other labels are set once nothing is left of an earlier view of the name.
        client.query(view.labelled(definition, replaces=False)).result()
    was_there |= remove_traces(target, view)
    set_labels(target, view)
    return f"created again, as its listing will be: subscribers must refresh; {SAME_NAME}" if was_there else "created"


def remove_traces(target: Target, view: View) -> bool:
    """Remove the authorization and the listing of an earlier view of the name. Returns whether it was listed."""
    set_authorization(target, view, False)
    return bool(delete_listing(target, view.name))


def set_labels(target: Target, view: View) -> None:
    """Label a view with the statement that created it, where the statement did not."""
    client, labels = target.client(view.table), {**LABELS, FINGERPRINT: fingerprint(view)}
    table = read(client.get_table, target.path(view.table))
    if table.labels != labels:
        table.labels = labels
        client.update_table(table, ["labels"])


def fingerprint(view: View) -> str:
    """Tell the statement of a view from any other, in the characters of a label."""
    return hashlib.sha256(view.statement.encode()).hexdigest()[:32]


def is_published(view: View, table: bigquery.Table) -> bool:
    """Whether a table is this view, by its label and by its ViewDefinition, which an emulator does not return."""
    if table.labels.get(FINGERPRINT) != fingerprint(view):
        return False
    definition = table.to_api_repr().get("view", {})
    if "query" not in definition:
        return True
    is_same_query = definition["query"].split() == view.query.split()
    return is_same_query and has_values(definition.get("privacyPolicy", {}), view.policy.resource)


def is_changeable(view: View, table: bigquery.Table) -> bool:
    """Whether a table's policy can be changed to this view's, where the table tells its policy.

    "Restrict data access using analysis rules": a threshold or privacy policy beside a join restriction policy cannot
    be changed, and neither of the two can be switched for the other.
    """
    old, new = table.to_api_repr().get("view", {}).get("privacyPolicy", {}), view.policy.resource
    return all(
        kind in new and ("joinRestrictionPolicy" not in old or has_values(old[kind], new[kind]))
        for kind in old.keys() & {"aggregationThresholdPolicy", "differentialPrivacyPolicy"}
    )


def has_values(resource: object, values: object) -> bool:
    """Whether a resource of the REST API has these values. It may have more, and its integers are strings."""
    if isinstance(values, dict) and isinstance(resource, dict):
        return all(has_values(resource.get(name), value) for name, value in values.items())
    if isinstance(values, int | float) and isinstance(resource, str):
        return float(resource) == values
    return resource == values


def set_authorization(target: Target, reader: View | Template, is_authorized: bool) -> str | None:
    client = target.client(reader.source)
    kind, name = ("view", "tableId") if isinstance(reader, View) else ("routine", "routineId")
    reference = {"projectId": target.project(reader.table), "datasetId": reader.dataset, name: reader.name}
    entry = bigquery.AccessEntry(entity_type=kind, entity_id=reference)
    # What is to be read has to be there, or its view would be published and not work.
    dataset = (read if is_authorized else find)(client.get_dataset, target.path(reader.source))
    if dataset and not dataset.access_entries:  # every dataset has some, and they are overwritten as a whole
        raise UserError(
            f"BigQuery does not tell who has access to dataset {target.path(reader.source)}, and a change would take "
            f"it from them: ask for the role {target.owner(reader.source)}"
        )
    if not dataset or (entry in dataset.access_entries) == is_authorized:
        return None
    others = [each for each in dataset.access_entries if each != entry]
    dataset.access_entries = [*others, entry] if is_authorized else others
    client.update_dataset(dataset, ["access_entries"])  # with its etag: fails if somebody else has changed it
    return "changed"


def delete_table(target: Target, table: str) -> str | None:
    return delete(target.client(table).delete_table, target.path(table))


def delete_dataset(target: Target, name: str) -> str | None:
    client, path = target.client(name), target.path(name)
    dataset = find(client.get_dataset, path)
    if dataset and dataset.labels.get("made-by") != LABELS["made-by"]:
        return "kept: publish did not create it"
    if dataset and [*client.list_tables(path), *client.list_routines(path)]:
        return "kept: it has other contents"
    return delete(client.delete_dataset, path)
