"""Channels, charts, parameters and tags of a run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agnez_client
from agnez_client import (
    Channel,
    ChannelConflict,
    ChannelError,
    Chart,
    ChartError,
    Context,
    ParamsError,
    RunClosed,
    UnknownChannelType,
)
from agnez_client.kinds import CHANNEL_CLASSES
from agnez_client.params import as_json
from agnez_client.protocol import CHANNEL_TYPES, MAX_NAME_LENGTH, encode_event, is_ulid
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]


def test_the_public_names_are_all_there() -> None:
    """`__all__` is what the package gives."""
    assert all(hasattr(agnez_client, name) for name in agnez_client.__all__)
    assert sorted(agnez_client.__all__) == agnez_client.__all__


def test_every_type_of_the_wire_has_its_class() -> None:
    """And each class knows its type."""
    assert tuple(CHANNEL_CLASSES) == CHANNEL_TYPES
    assert all(found.type == type for type, found in CHANNEL_CLASSES.items())


def test_run_ids_are_ulids_made_here(begin: Begin) -> None:
    """So runs without a server merge without a clash."""
    assert is_ulid(begin(url=None).job.run)


@pytest.mark.parametrize("type", ["numeric", "SCALAR", "", None, 3])
def test_a_wrong_type_names_those_there_are(begin: Begin, type: object) -> None:
    """And nothing is made."""
    ctx = begin()

    with pytest.raises(UnknownChannelType, match="NUMERIC"):
        ctx.job.create_channel("loss", type)  # type: ignore[arg-type]
    assert ctx.job.channels == []


def test_the_same_channel_twice_is_one(server: IngestServer, begin: Begin) -> None:
    """Asking again gives the same channel."""
    ctx = begin()

    assert ctx.job.create_channel("loss", "NUMERIC") is ctx.job.create_channel("loss")
    ctx.finish()
    assert len(server.only.of_kind("channel")) == 1


def test_the_same_name_with_another_type_is_an_error(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names both types."""

    class TextChannel(Channel):
        type = "TEXT"

    monkeypatch.setitem(CHANNEL_CLASSES, "TEXT", TextChannel)
    ctx = begin()
    ctx.job.create_channel("loss", "NUMERIC")

    with pytest.raises(ChannelConflict, match=r"'loss'.*NUMERIC.*TEXT"):
        ctx.job.create_channel("loss", "TEXT")


@pytest.mark.parametrize("name", ["", "  ", "x" * (MAX_NAME_LENGTH + 1), None, 3])
def test_a_wrong_name_is_refused(begin: Begin, name: object) -> None:
    """It says what is expected."""
    with pytest.raises(ChannelError, match="1 to 256 characters"):
        begin().job.create_channel(name)  # type: ignore[arg-type]


def test_options_travel_with_the_channel(server: IngestServer, begin: Begin) -> None:
    """For kinds that have some."""
    ctx = begin()
    ctx.job.create_channel("weights", "HISTOGRAM", edges=np.array([0.0, 0.5]))
    ctx.finish()

    assert server.only.of_kind("channel")[0]["options"] == {"edges": [0.0, 0.5]}


def test_a_chart_is_returned(begin: Begin) -> None:
    """With its title, channels and axes."""
    ctx = begin()
    a, b = ctx.job.create_channel("a"), ctx.job.create_channel("b")

    chart = ctx.job.create_chart([a, b], "Both", "step", "value")

    assert isinstance(chart, Chart)
    assert (chart.title, chart.x, chart.y, chart.type) == ("Both", "step", "value", "NUMERIC")
    assert chart.channels == (a, b)
    assert ctx.job.charts == [chart]


def test_a_chart_has_one_type(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names each channel's."""

    class TextChannel(Channel):
        type = "TEXT"

    monkeypatch.setitem(CHANNEL_CLASSES, "TEXT", TextChannel)
    ctx = begin()
    channels = [ctx.job.create_channel("loss"), ctx.job.create_channel("words", "TEXT")]

    with pytest.raises(ChartError, match=r"'loss' is NUMERIC, 'words' is TEXT"):
        ctx.job.create_chart(channels, "Mixed")


def test_a_chart_needs_channels_of_its_run(begin: Begin) -> None:
    """None, a name, a channel of another run: all clear errors."""
    ctx, other = begin(), begin()
    foreign = other.job.create_channel("loss")

    with pytest.raises(ChartError, match="at least one"):
        ctx.job.create_chart([], "Empty")
    with pytest.raises(ChartError, match="are a list"):
        ctx.job.create_chart("loss", "A name")
    with pytest.raises(ChartError, match="create_channel"):
        ctx.job.create_chart([foreign], "Foreign")
    with pytest.raises(ChartError, match="title"):
        other.job.create_chart([foreign], "")


def test_after_the_end_nothing_is_made(begin: Begin) -> None:
    """The error says to make a new Context."""
    ctx = begin()
    loss = ctx.job.create_channel("loss")
    ctx.finish()

    with pytest.raises(RunClosed, match="new Context"):
        ctx.job.create_channel("other")
    with pytest.raises(RunClosed):
        ctx.job.create_chart([loss], "Late")
    with pytest.raises(RunClosed):
        ctx.params.define("lr", 1)


# -- parameters ------------------------------------------------------------------------------


def test_parameters_from_a_yaml_file(server: IngestServer, begin: Begin, tmp_path: Path) -> None:
    """Each key becomes an attribute; the mapping travels with the run."""
    path = tmp_path / "task.yaml"
    path.write_text("max_epochs: 5\nmodel:\n  depth: 3\nrates: [0.1, 0.01]\n")
    ctx = begin(params=path)

    assert ctx.params.max_epochs == 5
    assert ctx.params.model == {"depth": 3}
    assert ctx.params.content == {"max_epochs": 5, "model": {"depth": 3}, "rates": [0.1, 0.01]}
    ctx.finish()
    assert server.only.of_kind("params")[0]["params"] == ctx.params.content


def test_parameters_from_mappings_and_keywords(server: IngestServer, begin: Begin) -> None:
    """Later ones win; all are sent."""
    ctx = begin(params={"lr": 0.1})
    ctx.params = {"lr": 0.2, "seed": 1}  # type: ignore[assignment]
    ctx.params.load({"a": 1}, b=2)
    ctx.params.define("c", 3)
    ctx.params.d = 4
    ctx.finish()

    sent: dict[str, object] = {}
    for event in server.only.of_kind("params"):
        sent |= event["params"]
    assert sent == ctx.params.content == {"lr": 0.2, "seed": 1, "a": 1, "b": 2, "c": 3, "d": 4}
    assert "lr" in ctx.params
    assert ctx.params["d"] == ctx.params.get("d") == 4
    assert ctx.params.get("none", 7) == 7


def test_parameters_are_set_as_they_are_read(server: IngestServer, begin: Begin) -> None:
    """As attributes and by name; what is no mapping is refused where it is said."""
    ctx = begin()
    ctx.params["lr"] = 0.1
    ctx.params.seed = 1
    with pytest.raises(ParamsError, match="are a list, expected a mapping"):
        ctx.job.set_params([1])  # type: ignore[arg-type]
    ctx.finish()

    assert [e["params"] for e in server.only.of_kind("params")] == [{"lr": 0.1}, {"seed": 1}]


def test_a_missing_parameter_names_those_there_are(begin: Begin) -> None:
    """As an attribute's error."""
    with pytest.raises(AttributeError, match=r"'lr'; set are: seed"):
        _ = begin(params={"seed": 1}).params.lr


@pytest.mark.parametrize("content", ["- 1\n- 2\n", "a: [", "1: 2", "just text"])
def test_a_file_without_parameters_is_an_error(begin: Begin, tmp_path: Path, content: str) -> None:
    """A list, no YAML, a key that is no text."""
    path = tmp_path / "task.yaml"
    path.write_text(content)

    with pytest.raises(ParamsError):
        begin(params=path)


def test_a_missing_file_is_an_error(begin: Begin, tmp_path: Path) -> None:
    """It names the path."""
    with pytest.raises(ParamsError, match=r"nowhere\.yaml"):
        begin(params=str(tmp_path / "nowhere.yaml"))


JSON_OF = [
    (float("nan"), "NaN"),
    (float("-inf"), "-Infinity"),
    (np.float32(0.5), 0.5),
    (np.arange(3), [0, 1, 2]),
    ({1: (1, 2)}, {"1": [1, 2]}),
    (Path("a/b"), "a/b"),
    (2**70, str(2**70)),
    (object, "<class 'object'>"),
]


@pytest.mark.parametrize(("value", "expected"), JSON_OF)
def test_values_become_json(value: object, expected: object) -> None:
    """What JSON can't hold becomes a text."""
    assert as_json(value) == expected


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=10,
))  # fmt: skip
def test_any_value_can_be_sent(value: object) -> None:
    """What `as_json` gives is an event that can be encoded."""
    encode_event({"kind": "params", "params": {"p": as_json(value)}})


def test_a_value_that_contains_itself_is_cut() -> None:
    """It ends somewhere."""
    endless: dict[str, object] = {}
    endless["self"] = endless

    encode_event({"p": as_json(endless)})


def test_tags_can_be_added(server: IngestServer, begin: Begin) -> None:
    """At the beginning and later; in a list or one by one."""
    ctx = begin(tags=["a"])
    ctx.job.add_tags("b", "c")
    ctx.job.add_tags(["d", "e"])  # type: ignore[arg-type]
    ctx.finish()

    tags = [e["tags"] for e in server.only.of_kind("tags")]
    assert tags == [["a"], ["b", "c"], ["d", "e"]]


def test_one_tag_may_be_a_text(server: IngestServer, begin: Begin) -> None:
    """It is not taken apart."""
    begin(tags="baseline").finish()

    assert server.only.of_kind("tags")[0]["tags"] == ["baseline"]


def test_wrong_parameters_begin_no_run(server: IngestServer, tmp_path: Path) -> None:
    """They are read before anything is made."""
    with pytest.raises(ParamsError):
        Context(url=server.url, params=tmp_path / "nowhere.yaml")

    assert not (tmp_path / "spool").exists()


def test_one_line_says_where_the_run_is(begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    """Its page, which a terminal makes a link of."""
    with caplog.at_level(logging.INFO, "agnez_client"):
        ctx = begin()

    assert [r.message for r in caplog.records if r.name == "agnez_client.context"] == [
        f"run {ctx.job.run}: {ctx.job.url}"
    ]


def test_parameters_that_are_too_large_are_refused_by_their_name(begin: Begin) -> None:
    """More than a megabyte of them is an error about parameters, told where they are set."""
    ctx = begin()

    with pytest.raises(ParamsError, match="parameters can't be sent"):
        ctx.params.load({"text": "x" * (1 << 20)})
