"""Parsers of what comes from outside, fed with anything: a typed value, or the error they name."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson
import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agnez_client.protocol import (
    Batch,
    ProtocolError,
    decode_batch,
    encode_batch,
    join_buffers,
    split_events,
)
from agnez_server import checks
from agnez_server.api import parsing
from agnez_server.catalog.posted import parse_points
from agnez_server.errors import AgnezServerError, BadRequest, TooLarge
from agnez_server.live import asking
from tests.server.spools import Spool, records

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
few = settings(max_examples=100, deadline=None)


def good_batch() -> bytes:
    """A batch with two events and five points."""
    spool = Spool()
    spool.write(records([1.0, 2.0, math.nan, 4.0, 5.0]))
    return join_buffers(encode_batch(spool.batch()))


GOOD = good_batch()


# -- batches ---------------------------------------------------------------------------------


@few
@given(st.binary(max_size=400))
def test_any_bytes_are_a_batch_or_a_protocol_error(body: bytes) -> None:
    """Nothing but `ProtocolError` is raised."""
    try:
        decode_batch(body)
    except ProtocolError as error:
        assert str(error)


@few
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6))
def test_a_damaged_batch_is_a_batch_or_a_protocol_error(changes: list[tuple[int, int]]) -> None:
    """Whatever bytes of a good batch are changed; what is decoded keeps to the announced sizes."""
    body = bytearray(GOOD)
    for place, value in changes:
        body[place] = value
    try:
        batch = decode_batch(bytes(body))
    except ProtocolError as error:
        assert str(error)
    else:
        assert len(batch.events) <= 2
        assert len(batch.points) <= 5 + 2


@few
@given(
    events=st.lists(st.binary(max_size=40), max_size=5),
    ys=st.lists(st.floats(), max_size=8),
    ordinals=st.tuples(*[st.integers(0, 2**62 - 1)] * 3),
    rank=st.integers(0, 2**32 - 1),
    session=st.integers(-(2**63), 2**63 - 1),
)
def test_a_batch_comes_back_as_it_was(
    events: list[bytes], ys: list[float], ordinals: tuple[int, int, int], rank: int, session: int
) -> None:
    """Encoding and decoding lose nothing, to the bit."""
    first_event, oldest, first_point = ordinals
    spool = Spool(rank=rank, session=session)
    sent = Batch(spool.id, spool.run, session, rank, spool.store, first_event, events, oldest,
                 first_point, records(ys))  # fmt: skip

    found = decode_batch(join_buffers(encode_batch(sent)))

    assert (found.spool, found.run, found.session, found.rank) == (
        sent.spool,
        sent.run,
        session,
        rank,
    )
    assert (found.first_event, found.oldest_point, found.first_point) == ordinals
    assert list(found.events) == events
    np.testing.assert_array_equal(found.points.view(np.uint8), sent.points.view(np.uint8))


@few
@given(st.binary(max_size=200))
def test_any_bytes_split_into_events(data: bytes) -> None:
    """What is taken is a part of the bytes, and never more than there is."""
    events, used = split_events(data)

    assert 0 <= used <= len(data)
    assert used == sum(8 + len(event) for event in events)


# -- points ----------------------------------------------------------------------------------

fields = st.sampled_from(["run", "channel", "x", "y", "wall", "project", "experiment", "type", "z"])
point_like = st.fixed_dictionaries(
    {"run": st.just("r"), "channel": st.just("c"), "y": anything},
    optional={"x": anything, "wall": anything, "type": anything, "project": anything},
) | st.dictionaries(fields, anything, max_size=5)  # fmt: skip


def is_json(value: Any) -> bool:
    """Whether JSON can hold it: the parser only ever sees what JSON can."""
    try:
        orjson.loads(json.dumps(value, allow_nan=False))
    except (ValueError, orjson.JSONDecodeError):
        return False
    return True


@few
@given(anything | point_like | st.lists(point_like, max_size=4))
@example({"run": "r", "channel": "c", "x": [2**63 - 1, None], "y": [1, 2]})
@example([{"run": "r", "channel": "c", "y": [[]]}])
def test_any_json_is_points_or_a_refusal(body: Any) -> None:
    """What is taken has columns of one length and finite x; else the error says where."""
    if not is_json(body):
        return
    body = orjson.loads(json.dumps(body))
    try:
        found = parse_points(body, 1000)
    except BadRequest as error:
        assert isinstance(error.details["index"], int)
        assert len(error.message) < 300
        orjson.dumps(error.as_json())
    else:
        for posted in found.values():
            assert len(posted.x) == len(posted.y) == len(posted.wall)
            assert all(x is None or math.isfinite(x) for x in posted.x)


@few
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(1, 8))
def test_the_limit_counts_points_not_objects(sizes: list[int], limit: int) -> None:
    """A body is too large exactly when its points are more than the limit."""
    body = [{"run": "r", "channel": "c", "y": [0] * size} for size in sizes]

    if sum(sizes) > limit:
        with pytest.raises(TooLarge):
            parse_points(body, limit)
    else:
        (posted,) = parse_points(body, limit).values()
        assert len(posted.y) == sum(sizes)


# -- queries ---------------------------------------------------------------------------------


def request(value: str) -> Any:
    """A request whose query has *value* for q."""
    return make_mocked_request("GET", f"/?q={quote(value, safe='')}")


query_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.from_regex(
    r"[+-]?[0-9_.eE+-]{1,24}", fullmatch=True
)


@few
@given(query_text)
@example("1" * 400)
@example("-9223372036854775809")
@example("1e400")
def test_any_text_is_a_finite_number_or_refused(text: str) -> None:
    """A number of a query is finite, exact where it is whole, or a named error."""
    try:
        value = parsing.number(request(text), "q")
    except BadRequest as error:
        assert error.details["field"] == "q"
    else:
        assert value is None or math.isfinite(value)
        assert (value is None) == (text == "")


@few
@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_is_exact(value: int) -> None:
    """Every int64 goes through a query unharmed."""
    assert parsing.number(request(str(value)), "q") == value
    assert parsing.integer(request(str(value)), "q", None, -(2**63), 2**63 - 1) == value


@few
@given(query_text, st.integers(-100, 100), st.integers(0, 100))
def test_any_text_is_within_its_bounds_or_refused(text: str, lo: int, width: int) -> None:
    """A whole number of a query lies within the bounds, or is a named error."""
    try:
        value = parsing.integer(request(text), "q", None, lo, lo + width)
    except BadRequest as error:
        assert error.details["field"] == "q"
    else:
        assert value is None or lo <= value <= lo + width


# -- messages and fields ---------------------------------------------------------------------


@few
@given(anything | st.dictionaries(st.text("0123456789", max_size=3), anything, max_size=3))
def test_any_value_is_places_or_a_refusal(value: Any) -> None:
    """What a viewer may send for channels: places, or an error with the field."""
    for parse in (asking.places, asking.numbers):
        try:
            parse(value)
        except BadRequest as error:
            assert error.details["field"]
            assert len(error.message) < 300


@few
@given(st.dictionaries(st.sampled_from([*sorted(checks.RUN_FIELDS), "host", "pid"]), anything))
def test_any_fields_are_a_run_or_a_refusal(given_fields: dict[str, Any]) -> None:
    """What comes out of the checks can be kept as JSON."""
    try:
        found = checks.run_fields(given_fields)
    except AgnezServerError as error:
        orjson.dumps(error.as_json())
    else:
        orjson.dumps(found)


@few
@given(anything)
def test_what_is_shown_is_short(value: Any) -> None:
    """A value in a message is one line of at most 60 characters."""
    text = checks.shown(value)

    assert len(text) <= 60
    assert "\n" not in text
