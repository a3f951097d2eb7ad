"""No other run at the same time: the datasets have the mark of the run that writes to them."""

from collections.abc import Sequence
from itertools import chain

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator.errors import AnotherRunError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.tables import DATASETS
from dcr_data_generator.warehouse.warehouse import Warehouse

# The label of a run's jobs, and of the datasets that it writes to.
RUN = "run"


def create_datasets(warehouse: Warehouse) -> list[bigquery.Dataset]:
    """Create the two datasets where they are missing, and mark them with this run; existing ones keep everything else.

    Returns: those that are marked. The role BigQuery Data Editor does not allow it where somebody else created them.
    """
    client, mark = warehouse.client, {RUN: warehouse.run_label}

    def create(name: str) -> list[bigquery.Dataset]:
        try:
            marked = warehouse.label(name, mark)
            return [marked] if marked else []
        except NotFound:
            dataset = bigquery.Dataset(warehouse.path(name))
            dataset.location, dataset.description, dataset.labels = warehouse.settings.location, DATASETS[name], mark
            return [client.create_dataset(dataset, exists_ok=True)]

    return list(chain.from_iterable(run_in_parallel(create, DATASETS)))


def check_alone(warehouse: Warehouse, marked: Sequence[bigquery.Dataset], has_written: bool = False) -> None:
    """Check that the datasets still have the mark of this run. A run that has written marks them again for the other.

    Raises:
        AnotherRunError: another run has begun to write to the datasets since this one did.
    """
    client = warehouse.client
    if all(client.get_dataset(each.reference).labels.get(RUN) == each.labels[RUN] for each in marked):
        return
    if has_written:
        for each in marked:
            client.update_dataset(each, ["labels"])
    names = " and ".join(each.dataset_id for each in marked)
    raise AnotherRunError(
        f"another run has written to {names} at the same time, and the tables may be those of both: run again once it "
        "has ended, or give another --suffix"
    )
