"""Which settings are tried, and which is chosen."""

from typing import Any

import pytest

from lightning_latent.errors import UserError
from lightning_latent.evaluation.grid import choose, points, read_grid, words


def row(accuracy: float, cost: float) -> dict[str, Any]:
    return {"accuracy": accuracy, "cost": cost}


ROWS = [row(0.90, 2.0), row(0.95, 4.0), row(0.95, 3.0), row(0.92, 1.0), row(0.95, 3.0)]


def test_the_grid_is_the_product_of_its_keys() -> None:
    grid = read_grid(["a.b=1,2", "c=[1,2],{x: 1, y: 2}"])
    assert grid == {"a.b": ["1", "2"], "c": ["[1,2]", "{x: 1, y: 2}"]}
    assert len(points(grid)) == 4 and points(grid)[1] == {"a.b": "1", "c": "{x: 1, y: 2}"}
    assert words({"a.b": 1, "c.b": 2, "c.d": "x"}) == "a.b 1, c.b 2, d x"


@pytest.mark.parametrize("over", ["a", "a=", "=1", "a=1,,2", "a b=1"])
def test_what_is_no_key_with_values_is_refused(over: str) -> None:
    with pytest.raises(UserError, match="write KEY=VALUE,VALUE"):
        read_grid([over])


def test_the_most_accurate_is_chosen_and_of_equals_the_cheapest() -> None:
    assert choose(ROWS) == 2
    assert choose(ROWS, most_cost=3.0) == 2
    assert choose(ROWS, most_cost=2.9) == 3
    assert choose(ROWS, most_cost=1.0) == 3


def test_or_the_cheapest_that_is_accurate_enough() -> None:
    assert choose(ROWS, least_accuracy=0.95) == 2
    assert choose(ROWS, least_accuracy=0.9) == 3
    assert choose([row(0.9, 1.0), row(0.95, 1.0)], least_accuracy=0.9) == 1  # as cheap, and better


def test_that_nothing_is_as_wanted_is_said() -> None:
    with pytest.raises(UserError, match=r"no setting costs at most --most_cost 0.5; the cheapest costs 1.00"):
        choose(ROWS, most_cost=0.5)
    with pytest.raises(UserError, match=r"no setting reaches --least_accuracy 0.99; the best has 0.95"):
        choose(ROWS, least_accuracy=0.99)
