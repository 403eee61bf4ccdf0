"""Batches that overtake each other are in their order again."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agnez_client.callbacks.keras_batches import MOST_WAITING, BatchOrder


class Taken(list[tuple[int, Any]]):
    """What was handed on."""

    def __call__(self, count: int, logs: Any) -> None:
        """Take it."""
        self.append((count, logs))


@given(st.permutations(range(12)), st.integers(1, 4))
def test_any_order_becomes_the_order_of_batches(batches: list[int], step: int) -> None:
    """All of them, once, also where one execution is several batches."""
    found, taken = BatchOrder(), Taken()
    found.begin(step)
    for batch in batches:
        found.ended((batch + 1) * step - 1, {"loss": batch}, taken)
    found.end(taken)

    assert taken == [((batch + 1) * step, {"loss": batch}) for batch in range(12)]
    assert found.done == 12 * step


def test_the_next_one_does_not_wait() -> None:
    """What comes in its order is handed on at once."""
    found, taken = BatchOrder(), Taken()
    found.begin()
    found.ended(0, None, taken)
    found.ended(2, {}, taken)
    assert taken == [(1, {})]

    found.ended(1, {}, taken)
    assert [count for count, _ in taken] == [1, 2, 3]


def test_a_batch_that_does_not_come_is_not_waited_for_forever() -> None:
    """Keras may run more of them in one execution than it said."""
    found, taken = BatchOrder(), Taken()
    found.begin()
    for batch in range(1, MOST_WAITING + 3):
        found.ended(batch, {}, taken)

    assert [count for count, _ in taken] == list(range(2, MOST_WAITING + 4))


def test_an_epoch_begins_anew() -> None:
    """What an epoch that was left has not handed on is gone."""
    found, taken = BatchOrder(), Taken()
    found.begin()
    found.ended(5, {}, taken)
    found.begin()
    found.ended(0, {}, taken)

    assert [count for count, _ in taken] == [1]
