"""A small world for the attacks, whose truth is written down by rules, and the lab over it."""

import hashlib
from datetime import UTC, datetime

from dcr_data_generator import sql
from dcr_data_generator.clean_room import views
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, SharedView
from dcr_data_generator.clean_room.lab import FOLDER, OWN_TABLES, Lab
from tests.support.rooms import COLUMNS, OWN

SALT = "a salt that nobody prints"
TIERS = ("Free", "Premium", "Business")
# All pay with the wallet and are customers; ten more customers hold no wallet, and ten more users are not customers.
PAYERS, CUSTOMERS, EVERYBODY = 130, 140, 150


def email(number: int) -> str:
    return f"person{number}@example.com"


def hashed(number: int) -> str:
    return hashlib.sha256((SALT + email(number)).encode()).hexdigest()


def is_verified(number: int) -> bool:
    """Every tenth is a minor, and of the others every third has a refund: both are seldom verified."""
    return number % 10 != 0 and number % 7 != 0 and (number % 3 != 0 or number % 2 == 0)


def tier(number: int) -> str:
    return "Free" if number % 10 == 0 or number < 40 else TIERS[number % 3]


def amount(number: int) -> float:
    return number + 0.25


def tables() -> dict[str, list[dict]]:
    """The rows of the five tables."""
    holders = [*range(PAYERS), *range(CUSTOMERS, EVERYBODY)]
    return {
        "users": [
            {"id": number, "email": email(number), "age": 15 if number % 10 == 0 else 20 + number // 2}
            | {"gender": "FM"[number % 2], "country": "Japan", "city": f"city {number % 4}"}
            for number in range(CUSTOMERS)
        ],
        "orders": [
            {"order_id": number, "user_id": number, "created_at": datetime(2025, 9, 23, 12, tzinfo=UTC)}
            | {"status": "Returned" if number % 3 == 0 else "Complete"}
            for number in range(CUSTOMERS)
        ],
        "order_items": [
            {"id": number, "order_id": number, "user_id": number, "sale_price": amount(number)}
            for number in range(CUSTOMERS)
        ],
        "provider_users": [
            {"provider_user_id": number, "email": email(number).upper(), "account_tier": tier(number)}
            | {"is_verified_user": is_verified(number), "city": f"city {number % 4}"}
            for number in holders
        ],
        "transactions": [
            {"transaction_id": f"{number}", "order_id": number, "provider_user_id": number}
            | {"transaction_amount": amount(number)}
            for number in range(PAYERS)
        ],
    }


def open_room(rows: dict[str, list[dict]], more_tables: dict[str, dict[str, str]] | None = None) -> CleanRoom:
    """The clean room of the attacks, over the rows of the five tables and of more."""
    secret = {"salt": SALT, "normalizer": "lower_trim"}
    folders = (views.KEYS, views.VIEWS, f"{FOLDER}/views")
    all_views = [view for folder in folders for view in views.read(folder=folder)]
    columns = COLUMNS | dict(OWN_TABLES.values()) | (more_tables or {})
    room = CleanRoom(
        columns,
        {view.table: SharedView(view.policy, view.query, view.rule) for view in all_views},
        OWN,
        secrets={f"{party}.clean_room_salt": secret for party in ("merchant_provider", "ewallet_provider")},
        templates=[template.text for template in sql.read_questions("template")],
    )
    room.fill({name: rows.get(name.split(".")[1], []) for name in columns})
    return room


def open_lab(room: CleanRoom, victims: int = 3, seed: int = 42) -> Lab:
    """A lab over a room, with full budgets."""
    room.renew_budgets()
    return Lab(room, SALT, victims, seed)
