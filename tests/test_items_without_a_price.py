"""Orders whose items have no price, or cost nothing: what is said of them is true."""

from collections.abc import Callable

import pytest

from dcr_data_generator.verify import use_cases
from tests.support import small_shop, tables

UNKNOWN = "What they are worth is unknown: their items have no price."


@pytest.mark.parametrize(
    ("price", "rate", "first", "second"),
    [
        (None, 1.0, UNKNOWN, "What customers paid with the wallet is unknown"),
        pytest.param(
            0.0,
            1.0,
            "worth $0.00: the prices add up to nothing.",
            "Average order value: Free $0.00",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            None,
            0.0,
            "0 of 20 orders, worth $0.00: the prices add up to nothing",
            "No customer whom an email matches paid",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_answers_are_true_of_items_without_a_price(
    price: float | None, rate: float, first: str, second: str, connect: Callable
) -> None:
    place = connect("no-price")
    small_shop.fill(place.client)
    value = "NULL" if price is None else price
    place.client.query_and_wait(
        f"UPDATE `bigquery-public-data.thelook_ecommerce.order_items` SET sale_price = {value} WHERE TRUE"
    )
    answers = use_cases.run(tables.make_five_tables(place, match_rate=rate, wallet_payment_rate=1))
    assert first in answers[0].answer
    assert second in answers[1].answer
