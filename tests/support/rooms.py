"""Clean rooms for tests: small ones, and the package's own over rows that a test gives."""

from collections.abc import Mapping, Sequence

from dcr_data_generator import sql
from dcr_data_generator.clean_room import views
from dcr_data_generator.clean_room.analysis_rules import (
    CleanRoom,
    NotUnderstood,
    Party,
    Refused,
    Reply,
    SharedView,
    Verdict,
)
from dcr_data_generator.clean_room.project import PARTIES
from dcr_data_generator.tables import SCHEMAS, SOURCE_SCHEMAS
from tests.support import docs

COLUMNS = {
    f"{dataset}.{name}": {field.name: field.field_type for field in schema}
    for dataset, schemas in (("merchant_provider", SOURCE_SCHEMAS), ("ewallet_provider", SCHEMAS))
    for name, schema in schemas.items()
}
OWN = [Party(name, frozenset(datasets)) for name, datasets in PARTIES.items()]
# In a room where nothing is anybody's own.
ANALYST = "analyst"


class RaisingRoom(CleanRoom):
    """A clean room that raises where it would reply that there is no answer, unless a test wants the reply."""

    raises = True

    def ask(self, text: str, party: str = "", seconds: float | None = None) -> Reply:
        """Ask; by default, as the first party."""
        reply = super().ask(text, party or next(iter(self.parties)), seconds)
        if reply.verdict is Verdict.REFUSED and self.raises:
            raise Refused(reply.because, reply.sentence)
        if reply.verdict is Verdict.ERROR and self.raises:
            raise NotUnderstood(reply.sentence)
        return reply

    def rows_of(self, text: str, party: str = "") -> list[tuple]:
        """The rows of the answer."""
        answer = self.ask(text, party).answer
        assert answer
        return answer.rows


def own_room[Room: CleanRoom](kind: str = views.CLEAN_ROOM, room: type[Room] = CleanRoom) -> Room:
    """The clean room of the package, or its plain exchange, without rows."""
    secret = {"salt": docs.SALT, "normalizer": "lower_trim"}
    read = views.read if kind == views.CLEAN_ROOM else views.read_exchanged
    all_views = [*read(folder=views.KEYS), *read()]
    templates = sql.read_questions("template") if kind == views.CLEAN_ROOM else []
    return room(
        COLUMNS,
        {view.table: SharedView(view.policy, view.query, view.rule) for view in all_views},
        OWN,
        secrets={f"{party}_provider.{kind}_salt": dict(secret) for party in ("merchant", "ewallet")},
        templates=[template.text for template in templates],
    )


def fill(room: CleanRoom, **tables: Sequence[Mapping[str, object]]) -> None:
    """Fill the package's room, with NULL in columns left out: `fill(room, users=[{"id": 1}])`; others are empty."""
    room.fill({name: tables.get(name.split(".")[1], []) for name in COLUMNS})


def wallets(people: Mapping[str, int]) -> dict[str, list[dict]]:
    """So many people of each tier, all customers, each verified and with one payment of 10 dollars."""
    emails = [(tier, f"{tier}{number}@example.com") for tier, count in people.items() for number in range(count)]
    return {
        "users": [{"id": number, "email": email} for number, (_, email) in enumerate(emails)],
        "provider_users": [
            {"provider_user_id": number, "email": email, "account_tier": tier, "is_verified_user": True}
            for number, (tier, email) in enumerate(emails)
        ],
        "transactions": [
            {"transaction_id": str(number), "order_id": number, "provider_user_id": number, "transaction_amount": 10.0}
            for number in range(len(emails))
        ],
    }
