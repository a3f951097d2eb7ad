"""Step 2 in the warehouse: the two tables' schemas, and a second run."""

from collections.abc import Callable

import pytest

from dcr_data_generator.tables import DESCRIPTIONS, FIVE_TABLES, SCHEMAS
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import tables

# The columns of the specification.
COLUMNS = {
    "provider_users": "provider_user_id INTEGER email STRING date_of_birth DATE city STRING account_tier STRING "
    "is_verified_user BOOLEAN",
    "transactions": "transaction_id STRING order_id INTEGER provider_user_id INTEGER transaction_amount FLOAT "
    "transaction_timestamp TIMESTAMP status STRING",
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_table_has_the_columns_modes_and_descriptions_of_its_schema(name: str, default_run: Warehouse) -> None:
    table = default_run.client.get_table(f"default-run.ewallet_provider.{name}")
    columns = " ".join(f"{field.name} {field.field_type.replace('FLOAT64', 'FLOAT')}" for field in table.schema)
    assert columns == COLUMNS[name]
    details = [[(field.mode, field.description) for field in schema] for schema in (table.schema, SCHEMAS[name])]
    assert details[0] == details[1]
    assert all(description for _, description in details[0])
    assert table.description == DESCRIPTIONS[name]


@pytest.mark.slow
def test_running_twice_leaves_the_data_of_one_run(connect: Callable) -> None:
    place = connect("ewallet-tests")
    orders = [{"order_id": n, "user_id": n, "created_at": "2025-09-23 12:00:00 UTC"} for n in range(20)]
    users = [{"id": n, "email": f"{n}@shop.example", "age": n} for n in range(20)]
    items = [{"id": n, "order_id": n, "sale_price": 1.5} for n in range(20)]
    tables.fill_source(place.client, orders=orders, users=users, order_items=items)
    contents = []
    for _ in range(2):
        tables.make_five_tables(place)
        contents.append({table: sorted(map(repr, place.client.list_rows(place.path(table)))) for table in FIVE_TABLES})
    assert contents[0] == contents[1]
    assert len(contents[0]["ewallet_provider.transactions"]) == 8  # 80 % of the orders of 10 holders
