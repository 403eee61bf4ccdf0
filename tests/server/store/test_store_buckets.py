"""Which blocks may be drawn without being looked into."""

from __future__ import annotations

import numpy as np

from agnez_server.store.buckets import Borders
from agnez_server.store.ruler import Ruler

FREE = np.ones(1, bool)


def key_of(borders: Borders, first: float, last: float, free=FREE) -> int:
    """The bucket of one block."""
    return int(borders.keys(np.array([first]), np.array([last]), free)[0])


def test_a_block_within_a_column_belongs_to_it() -> None:
    """Column 2 of four over 0 to 4 is [2, 3): key 4."""
    assert key_of(Borders(Ruler(0.0, 4.0, 4)), 2.0, 2.9) == 4


def test_the_right_end_belongs_to_the_last_column() -> None:
    """A value at the upper bound is inside."""
    assert key_of(Borders(Ruler(0.0, 4.0, 4)), 3.5, 4.0) == 6


def test_a_narrow_block_across_a_border_is_a_bucket_of_its_own() -> None:
    """From column 0 into column 1, less than a column wide: key 1."""
    assert key_of(Borders(Ruler(0.0, 4.0, 4)), 0.6, 1.5) == 1


def test_a_block_wider_than_a_column_is_looked_into() -> None:
    """1.2 columns across one border are too many."""
    assert key_of(Borders(Ruler(0.0, 4.0, 4)), 0.5, 1.7) == -1


def test_a_block_that_is_not_free_is_looked_into() -> None:
    """What reaches out of the range can't be counted as a whole."""
    assert key_of(Borders(Ruler(0.0, 4.0, 4)), 0.1, 0.2, ~FREE) == -1


def test_blocks_at_one_border_share_its_bucket_within_one_column() -> None:
    """The first anchors it; one that would widen it beyond a column is looked into."""
    borders = Borders(Ruler(0.0, 4.0, 4))

    first = key_of(borders, 0.5, 1.2)
    within, left_of_it, beyond = (
        key_of(borders, 0.7, 1.5),
        key_of(borders, 0.4, 1.1),
        key_of(borders, 0.9, 1.6),
    )

    assert (first, within, left_of_it, beyond) == (1, 1, -1, -1)


def test_integers_beyond_2_to_the_53_stay_apart() -> None:
    """Neighbours which are one float64 fall into two columns."""
    base = 1 << 62
    ruler = Ruler(base, base + 2, 2)

    places = ruler.places(np.array([base, base + 1, base + 2]))

    assert places.tolist() == [0.0, 1.0, 2.0]


def test_bounds_between_integers_are_exact() -> None:
    """2^53 + 1 is above 2^53, though their float64 are equal."""
    ruler = Ruler(float(1 << 53), float(1 << 53), 1)

    inside = ruler.inside(np.array([1 << 53, (1 << 53) + 1]))

    assert inside.tolist() == [True, False]


def test_a_range_wider_than_float64_can_say_has_columns() -> None:
    """The span of the largest numbers overflows; their places don't."""
    ruler = Ruler(-1.7e308, 1.7e308, 4)

    assert ruler.places(np.array([-1.7e308, 0.0, 1.7e308])).tolist() == [0.0, 2.0, 4.0]
