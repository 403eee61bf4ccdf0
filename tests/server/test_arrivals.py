"""Records of a batch as columns, channel by channel."""

from __future__ import annotations

import numpy as np
import pytest

from agnez_client.protocol import MARK_INT, RECORD
from agnez_server.catalog.arrivals import Arrivals


def records(channels: list[int]) -> np.ndarray:
    """One for each of *channels*, in this order: x is the place, y ten times that."""
    made = np.zeros(len(channels), RECORD)
    made["channel"], made["mark"] = channels, MARK_INT
    made["x"] = np.arange(len(channels))
    made["y"], made["wall_ns"] = made["x"] * 10.0, made["x"] * 1000
    made.flags.writeable = False  # as a part of a body is
    return made


@pytest.mark.parametrize(
    "channels",
    [[7], [7, 7, 7], [1, 2, 5] * 4, [5, 1, 2] * 4, [5, 1, 2, 5, 1], [1, 1, 2] * 3, [1, 2, 2, 1]],
    ids=["one", "same", "steps", "unsorted", "cut", "twice", "turned"],
)
def test_points_go_to_their_channels_in_order(channels: list[int]) -> None:
    """Whatever order the channels come in, whole steps or not."""
    (part,) = Arrivals(records(channels), 0, {1: 10, 2: 20, 5: 50, 7: 70}).by_channel()

    found = {
        channel: part.x[begin:end].tolist()
        for channel, begin, end in zip(part.channels, [0, *part.ends], part.ends, strict=False)
    }
    assert found == {c: [x for x, o in enumerate(channels) if o == c] for c in sorted(channels)}
    assert part.y.tolist() == [10.0 * x for x in part.x]
    assert part.wall.tolist() == part.x.tolist()


def test_a_step_with_an_unknown_channel_is_looked_at() -> None:
    """Its points are odd, the others are taken."""
    arrivals = Arrivals(records([1, 9, 1, 9]), 100, {1: 10})

    odd = [(o.tolist(), why) for o, why in arrivals.odd() if len(o)]
    assert odd == [([101], "unknown channel 9"), ([103], "unknown channel 9")]
    assert [part.x.tolist() for part in arrivals.by_channel()] == [[0, 2]]
