"""The table of runs: figures of channels, what columns there are, runs in any order."""

from __future__ import annotations

from typing import Any

import pytest

from agnez_server.catalog.params import flattened, found_at
from tests.server.running import RunningServer


async def send(server: RunningServer, run: str, channel: str, *y: Any) -> None:
    """Points of a channel at the steps 0 and on."""
    body = {"run": run, "channel": channel, "x": list(range(len(y))), "y": list(y)}
    status, answer = await server.call("POST", "/points", json=body)
    assert status == 200, answer


async def names(server: RunningServer, sort: str) -> list[str]:
    """The names of all runs in an order."""
    return [run["name"] for run in (await server.get("/runs", sort=sort))["items"]]


async def test_figures_of_several_runs_come_at_once(server: RunningServer) -> None:
    """Last, least and largest of the channels asked for, and of the first two of each run."""
    a, b = [await server.new_run(name=name) for name in "ab"]
    await send(server, a, "loss", 3, 1, 2)
    await send(server, a, "system/cpu", 50)
    await send(server, b, "acc", 0.5, "NaN")

    answer = await server.get(f"/figures?run={a}&run={b}&channel=loss&channel=none")

    assert [item["run"] for item in answer["items"]] == [a, b]
    assert [item["first"] for item in answer["items"]] == [["loss"], ["acc"]]
    loss = {"last": 2, "last_x": 2, "min": 1, "max": 3}
    acc = {"last": "NaN", "last_x": 1, "min": 0.5, "max": 0.5}
    assert [item["figures"] for item in answer["items"]] == [{"loss": loss}, {"acc": acc}]


@pytest.mark.parametrize(
    ("channels", "shown"),
    [
        ("batch_loss batch_acc loss acc val_loss val_acc", "loss val_loss"),
        ("loss learning_rate val_loss", "loss val_loss"),
        ("train/loss train/acc eval/loss", "train/loss eval/loss"),
        ("batch_size batch_loss lr", "batch_size batch_loss"),
        ("eval_loss loss acc", "eval_loss loss"),
    ],
)
async def test_a_run_is_known_by_its_first_measure(
    server: RunningServer, channels: str, shown: str
) -> None:
    """As seen in training, then on validation data; figures of epochs before those of batches."""
    run = await server.new_run()
    for name in channels.split():
        await send(server, run, name, 1)

    answer = await server.get(f"/figures?run={run}")

    assert answer["items"][0]["first"] == shown.split()


async def test_a_curve_is_that_of_the_first_channel(server: RunningServer) -> None:
    """With `px`, its view for so many pixel columns; null for a run without numbers."""
    a, b = [await server.new_run(name=name) for name in "ab"]
    await send(server, a, "loss", 3, "Infinity", 2)

    answer = await server.get(f"/figures?run={a}&run={b}&px=90")

    curve = {"x": [0, 1, 2], "y": [3, "Infinity", 2]}
    assert [item["curve"] for item in answer["items"]] == [curve, None]


async def test_unknown_runs_are_left_out(server: RunningServer) -> None:
    """A run that was deleted meanwhile does not spoil the answer for the others."""
    run = await server.new_run(name="a")

    answer = await server.get(f"/figures?run=nonsense&run={run}&run={run}")

    assert [item["run"] for item in answer["items"]] == [run]


async def test_too_many_at_once_are_refused(server: RunningServer) -> None:
    """The query is as long as a table in sight, not as long as the store."""
    status, answer = await server.call("GET", "/figures?" + "&".join(["run=x"] * 201))

    assert (status, answer["error"]["field"]) == (400, "run")


async def test_columns_are_named_by_channels_and_dotted_parameters(server: RunningServer) -> None:
    """Of the runs of a project, the newest first."""
    run = await server.new_run(project="p", params={"opt": {"lr": 0.1}, "layers": [1, 2]})
    await send(server, run, "loss", 1)
    await server.new_run(project="q", params={"other": 1})

    answer = await server.get("/columns", project="p")

    assert answer == {"channels": ["loss"], "params": ["opt.lr", "layers"]}


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [
        ("last:loss", "bac"),
        ("-last:loss", "abc"),
        ("min:loss", "abc"),
        ("-max:loss", "bac"),
        ("param:opt.lr", "bca"),
        ("-param:opt.lr", "acb"),
        ("-points", "abc"),
    ],
)
async def test_runs_stand_in_the_order_of_a_column(
    server: RunningServer, sort: str, wanted: str
) -> None:
    """Both ways; a run without a value comes last in either, numbers stand before texts."""
    a = await server.new_run(name="a", params={"opt": {"lr": "auto"}})
    b = await server.new_run(name="b", params={"opt": {"lr": 0.01}})
    await server.new_run(name="c", params={"opt.lr": 0.1})
    await send(server, a, "loss", 1, 2, 4)
    await send(server, b, "loss", 8, 3)

    assert await names(server, sort) == list(wanted)


@pytest.mark.parametrize("sort", ["size", "last:", "param:", "mean:loss", "--name", "last"])
async def test_an_unknown_order_is_refused(server: RunningServer, sort: str) -> None:
    """The answer says what runs can be sorted by."""
    status, answer = await server.call("GET", "/runs", params={"sort": sort})

    assert status == 400
    assert "param:NAME" in answer["error"]["hint"]


def test_every_parameter_is_found_by_its_flat_name() -> None:
    """Names with dots of their own included; what is none is None."""
    params = {"a": {"b": 1, "c.d": {"e": [2]}}, "a.b": 3, "f": {}}

    assert {name: found_at(params, name) for name, _ in flattened(params)} == {
        "a.b": 3,
        "a.c.d.e": [2],
        "f": {},
    }
    assert found_at(params, "a.b.c") is None


def test_a_path_of_any_length_is_looked_for_at_once() -> None:
    """It is compared with the names that are there, not taken apart in every way."""
    assert found_at({"a": {"b": {"": 1}}}, f"a.b{'.' * 1_000_000}") is None
