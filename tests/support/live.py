"""The live page over a small clean room: 60 Free, 55 Premium and 33 Business users, who paid 10 dollars each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.clean_room.play import buttons
from dcr_data_generator.clean_room.play.referee import Referee
from dcr_data_generator.clean_room.play.visitor import Asked
from tests.support.rooms import fill, own_room, wallets

PEOPLE = {"Free": 60, "Premium": 55, "Business": 33}
QUESTIONS, TEMPLATES, REFUSALS, ATTACKS = "Questions", "Query templates", "Refusals", "Attacks that are allowed"


def small_room(people: Mapping[str, int] = PEOPLE) -> CleanRoom:
    """The package's clean room with these people."""
    room = own_room()
    orders = [{"order_id": number, "user_id": number} for number in range(sum(people.values()))]
    items = [{"id": number, "order_id": number, "sale_price": 10.0} for number in range(sum(people.values()))]
    fill(room, **wallets(people), orders=orders, order_items=items)
    return room


def victim(room: CleanRoom) -> str:
    """One of these people, by the hashed email; empty where there is nobody."""
    return min((row[0] for row in room.rows("ewallet_clean_room.wallet_spend")), default="")


def named(room: CleanRoom) -> dict[str, list[buttons.Button]]:
    """The buttons, whose victim is one of these people."""
    return buttons.read("", victim(room))


def play(room: CleanRoom, save: Callable[[Sequence[Asked]], str] = lambda _: "Saved.") -> Any:  # noqa: ANN401
    """What the page shows of a room; only where NiceGUI is installed."""
    from dcr_data_generator.clean_room.play import page

    return page.Play(room, named(room), "merchant", "", save, referee=Referee(room, victim(room)))
