"""Small contents of the five tables whose reports can be worked out by hand, and the reports of them."""

from pathlib import Path

from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.output.report import report
from dcr_data_generator.tables import SCHEMAS
from dcr_data_generator.verify import use_cases
from dcr_data_generator.verify.checks import Check
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support.settings import make_settings, on
from tests.support.tables import frame_of, load

TABLES = {
    **{f"merchant_provider.{name}": schema for name, schema in thelook.SCHEMAS.items()},
    **{f"ewallet_provider.{name}": schema for name, schema in SCHEMAS.items()},
}
MARKUP = '</script><script>window.hacked = 1</script><b id="hacked">&amp;<!--{{ 7 * 7 }}\''


def fill(place: Warehouse, **rows: list[dict]) -> None:
    """Fill the five tables, with NULL in columns left out: `fill(place, users=[{...}])`."""
    for dataset in ("merchant_provider", "ewallet_provider"):
        place.client.create_dataset(dataset, exists_ok=True)
    for table, schema in TABLES.items():
        load(place.client, frame_of(schema, rows.get(table.split(".")[1], [])), table, schema)


def write(place: Warehouse, path: Path, verdict: list[Check] | None = None, **knobs: object) -> str:
    """Write the report of what is in the tables, and read it."""
    knobs |= {"report": path, "embedded_dir": path.parent}
    place = on(place, **knobs)
    report.write(place, make_settings(**knobs), verdict or [], use_cases.run(place), use_cases.count(place))
    return path.read_text(encoding="utf-8")


def all_green() -> list[Check]:
    """What the checks say of a run that is right."""
    return [Check(query.name, query.comments["check"], 0, []) for query in sql.read_folder("checks")]


def green_and_red() -> list[Check]:
    """A check that holds, and one that does not."""
    row = bigquery.Row(("x@example.com", MARKUP), {"email": 0, "city": 1})
    return [Check("a_holds", "All is well.", 0, []), Check("b_fails", "Nothing is lost.", 1234, [row])]


def small_world() -> dict[str, list[dict]]:
    """Three orders, of which two were paid through the wallet, by a verified and an unverified customer."""
    return {
        "users": [
            {"id": 1, "email": "a@example.com", "age": 24, "country": "Japan"},
            {"id": 2, "email": "b@example.com", "age": 25, "country": None},
            {"id": 3, "email": "c@example.com"},
        ],
        "orders": [
            {"order_id": 10, "user_id": 1, "status": "Complete", "created_at": "2025-09-23 10:00:00"},
            {"order_id": 20, "user_id": 2, "status": "Returned", "created_at": "2025-09-23 11:00:00"},
            {"order_id": 30, "user_id": 1, "status": None, "created_at": "2025-09-23 12:00:00"},
        ],
        "order_items": [
            {"id": 1, "order_id": 10, "sale_price": 4.5},
            {"id": 2, "order_id": 20, "sale_price": 7.0},
            {"id": 3, "order_id": 30, "sale_price": 1.25},
        ],
        "provider_users": [
            {"provider_user_id": 1, "email": "a@example.com", "account_tier": "Free", "is_verified_user": True},
            {"provider_user_id": 2, "email": "b@example.com", "account_tier": None, "is_verified_user": False},
            {"provider_user_id": 3, "email": "z@example.com"},
        ],
        "transactions": [
            {"transaction_id": "t1", "order_id": 10, "provider_user_id": 1, "transaction_amount": 4.5},
            {"transaction_id": "t2", "order_id": 20, "provider_user_id": 2, "transaction_amount": 7.0},
        ],
    }


def wild_world() -> dict[str, list[dict]]:
    """The small world with markup wherever a text can be, and a city without end."""
    world = small_world()
    for table, columns in {
        "users": ("country", "city", "email"),
        "orders": ("status",),
        "provider_users": ("city", "account_tier", "email"),
        "transactions": ("status", "transaction_id"),
    }.items():
        for row in world[table]:
            row.update(dict.fromkeys(columns, MARKUP))
    world["users"][2] |= {"city": "x" * 100_000, "email": "c@example.com", "country": "y" * 100_000}
    world["provider_users"][2] |= {"email": "c@example.com", "city": "x" * 100_000}
    return world
