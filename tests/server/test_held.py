"""No request holds the event loop: others are answered while a large one is worked at."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agnez_server.api import longlist
from agnez_server.api.longlist import read_in_parts
from agnez_server.catalog.posted import Gaps
from agnez_server.catalog.posting import counted_on
from agnez_server.catalog.slices import EVENT_WEIGHT, MOST_WEIGHT, slices
from agnez_server.errors import BadRequest
from tests.server.running import RunningServer
from tests.server.spools import Spool, records
from tests.server.test_input_fuzz import few


def channels(count: int) -> Spool:
    """A spool that defines so many channels, the first of which has a point."""
    spool = Spool(channels=[f"c{n}" for n in range(count)])
    spool.send(1.5)
    return spool


async def test_many_events_are_taken_in_parts(server: RunningServer) -> None:
    """A batch of 5,000 channels is several commits and one answer; its point is in the last."""
    spool = channels(5000)
    before = (await server.get("/stats"))["commits"]

    answer = await server.taken(spool.batch())

    assert (answer["events"], answer["points"], answer["refused"]) == (5001, 1, [])
    assert (await server.get("/stats"))["commits"] - before >= 3
    assert (await server.get(f"/runs/{spool.run}"))["channels"] == 5000
    assert await server.ys(f"{spool.run}.0") == [1.5]


async def test_refusals_of_all_parts_are_named(server: RunningServer) -> None:
    """Each by its ordinal in the spool, in whatever part it was; a second delivery changes none."""
    spool = channels(3000)
    spool.events[7] = b"{}"
    spool.events[2900] = b"no JSON"

    answer = await server.taken(spool.batch())
    again = await server.taken(spool.batch())

    assert [refused["event"] for refused in answer["refused"]] == [7, 2900]
    assert (again["events"], again["points"], again["refused_count"]) == (3001, 1, 0)


@few
@given(st.lists(st.integers(0, MOST_WEIGHT * 2), max_size=12), st.integers(0, 9))
@example([MOST_WEIGHT - EVENT_WEIGHT] * 3, 0)
def test_parts_are_the_whole(sizes: list[int], first: int) -> None:
    """In order, none empty, each of them light or a single event; points with the last."""
    spool = Spool()
    spool.events = [bytes(size) for size in sizes]
    spool.write(records([1.0, 2.0]))
    batch = spool.batch(first_event=0)

    parts = list(slices(batch))

    assert [event for part in parts for event in part.events] == spool.events
    assert [len(part.points) for part in parts] == [*[0] * (len(parts) - 1), 2]
    place = 0
    for part in parts:
        assert part.first_event == place
        place += len(part.events)
        weight = sum(EVENT_WEIGHT + len(event) for event in part.events)
        assert len(part.events) <= 1 or weight <= MOST_WEIGHT
        assert len(parts) == 1 or part.events


# -- JSON ------------------------------------------------------------------------------------

items = st.recursive(
    st.none() | st.integers(-9, 9) | st.text('[]{},"\\ a', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)


@few
@given(st.lists(items, max_size=8), st.booleans())
async def test_a_list_in_parts_is_the_list(value: list[Any], wide: bool) -> None:
    """Wherever it is parted, it is what orjson makes of the whole, or there is no such place."""
    text = json.dumps(value, indent=1 if wide else None).encode()

    assert await read_in_parts(text, 6) in (orjson.loads(text), None)


@few
@given(st.lists(items, max_size=8), st.data())
@example([1, 2, 3, 4, 5, 6, 7], None)
async def test_what_is_no_json_is_none_in_parts(value: list[Any], data: Any) -> None:
    """A byte changed, left out or put in: parts are taken only where the whole is JSON."""
    text = bytearray(json.dumps(value).encode())
    if data is None:
        text[-1:] = b",]"
    else:
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 1))] = data.draw(
            st.sampled_from([b"", b",", b"]", b"[", b"}", b'"', b" "])
        )
    try:
        whole = orjson.loads(bytes(text))
    except orjson.JSONDecodeError:
        whole = None

    found = await read_in_parts(bytes(text), 6)

    assert found is None or found == whole


async def test_a_long_list_of_points_gives_others_their_turn(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50,000 objects are read in parts, and all of them arrive."""
    turns = []
    part = longlist._list
    monkeypatch.setattr(longlist, "_list", lambda text: turns.append(len(text)) or part(text))
    body = json.dumps([{"run": "r", "channel": "c", "y": n} for n in range(50_000)]).encode()

    status, answer = await server.call("POST", "/points", data=io.BytesIO(body))

    assert (status, answer["accepted"]) == (200, 50_000)
    assert len(turns) >= len(body) // longlist.PART_BYTES - 1
    assert max(turns) <= 2 * longlist.PART_BYTES + 1000


# -- x that is counted on --------------------------------------------------------------------

xs = st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8) | st.lists(
    st.none() | st.floats(-1e9, 1e9), min_size=1, max_size=8
)


@settings(few)
@given(xs, st.none() | st.integers(-(2**63), 2**63 - 1))
@example([2**63 - 1, None], None)
@example([None], 2**63 - 1)
def test_gaps_are_counted_on(given_xs: list[Any], last: int | None) -> None:
    """As a loop over the values does it; what does not fit is refused."""
    expected, before = [], last
    for x in given_xs:
        before = x if x is not None else (0 if before is None else before + 1)
        expected.append(before)
    floats = any(isinstance(x, float) for x in given_xs)
    type = np.float64 if floats else np.int64
    gaps = Gaps(np.array([x or 0 for x in given_xs], type),
                np.array([x is not None for x in given_xs]))  # fmt: skip

    if not floats and any(not -(2**63) <= x < 2**63 for x in expected):
        with pytest.raises(BadRequest):
            counted_on(gaps, last)
        return
    np.testing.assert_array_equal(counted_on(gaps, last), np.array(expected, type))
