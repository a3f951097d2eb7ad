"""The provider in a project of its own: its run takes the merchant's snapshot for its source."""

from collections.abc import Callable

import pytest

from dcr_data_generator.tables import FIVE_TABLES
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support.tables import make_five_tables


@pytest.mark.slow
def test_both_projects_have_the_same_tables(connect: Callable[[str], Warehouse], shop: Warehouse) -> None:
    place = connect("the-provider-of-two")
    own = {"write_project_id": place.project, "source_dataset": f"{shop.project}.merchant_provider"}
    make_five_tables(place, target_date="2025-09-23", **own)
    for table in FIVE_TABLES:
        rows, others = (
            sorted(str(row.values()) for row in each.client.list_rows(each.path(table))) for each in (shop, place)
        )
        assert rows == others
        assert rows
