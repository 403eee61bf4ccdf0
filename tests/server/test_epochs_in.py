"""Epochs of a program without the SDK: which run, which session, which channels and charts."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.protocol import new_ulid
from agnez_server.catalog.epochbody import parse_epoch
from agnez_server.errors import AgnezServerError
from tests.server.running import RunningServer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def publish(
    server: RunningServer,
    body: str,
    run: str = "",
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The answer to *body* at the path that Keras asks, or the error."""
    url = f"{server.base}/publish/epoch/end/{run}"
    data = io.BytesIO(body.encode())
    async with server.http.post(url, data=data, headers=headers or {}) as answer:
        found = await answer.json()
        assert answer.status == status, found
        return dict(found if status == 200 else found["error"])


async def epoch(server: RunningServer, epoch: Any, run: str = "", **logs: Any) -> dict[str, Any]:
    """The answer to one epoch as JSON."""
    return await publish(server, json.dumps({"epoch": epoch, **logs}), run)


async def curve(server: RunningServer, run: str, name: str = "loss") -> list[tuple[Any, ...]]:
    """Session, x and y of a channel, in the order sent."""
    channel = await server.channel(run, name)
    items = (await server.get(f"/channels/{channel['id']}/raw"))["items"]
    return [(item["session"], item["x"], item["y"]) for item in items]


async def test_numbers_of_an_epoch_are_points(server: RunningServer) -> None:
    """At the epoch as x; the answer says where."""
    answer = await epoch(server, 0, loss=0.5, val_loss=0.75)

    (run,) = (await server.get("/runs"))["items"]
    assert (run["name"], run["project"], run["state"]) == ("keras", "default", "running")
    assert answer == {
        "accepted": 2, "ignored": 0, "reasons": [], "run": run["id"], "session": 0, "epoch": 0,
        "channels": [f"{run['id']}.0", f"{run['id']}.1"],
    }  # fmt: skip
    assert await curve(server, run["id"], "val_loss") == [(0, 0, 0.75)]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ('{"epoch": 3, "loss": 0.5}', {"Content-Type": "application/json"}),
        ('{"epoch": 3, "loss": 0.5}', {}),
        ('{"epoch": 3, "loss": 0.5}', FORM),
        (urlencode({"data": '{"epoch": 3, "loss": 0.5}'}), FORM),
        (urlencode({"a b&c": '{"epoch": 3, "loss": 0.5}'}), FORM),
        ("epoch=3&loss=0.5", FORM),
        ('\ufeff {"epoch": "3", "loss": "0.5"}', {}),
        ('{"epoch": 3, "loss": [[0.5]]}', {}),
    ],
)
async def test_every_way_to_say_it_is_understood(
    server: RunningServer, body: str, headers: dict[str, str]
) -> None:
    """JSON under any type, a form with one field of any name, a form of numbers, texts, arrays."""
    answer = await publish(server, body, headers=headers)

    assert await curve(server, answer["run"]) == [(0, 3, 0.5)]


async def test_nan_and_infinity_stand_bare(server: RunningServer) -> None:
    """As Python's json writes them, which JSON does not know."""
    text = json.dumps({"epoch": 0, "loss": float("nan"), "acc": float("-inf")})
    assert "NaN" in text

    answer = await publish(server, text)

    assert await curve(server, answer["run"]) == [(0, 0, "NaN")]
    assert await curve(server, answer["run"], "acc") == [(0, 0, "-Infinity")]


async def test_what_is_no_number_is_named(server: RunningServer) -> None:
    """The numbers beside it are taken."""
    answer = await epoch(server, 0, loss=1, note="fine", on=True, none=None, f1=[0.5, "x"])

    assert answer["accepted"] == 2
    assert answer["ignored"] == 4
    assert answer["reasons"][0] == {"name": "note", "reason": "'fine' is no number"}
    assert await curve(server, answer["run"], "f1/0") == [(0, 0, 0.5)]


async def test_a_name_that_no_channel_can_have_is_named(server: RunningServer) -> None:
    """Nothing else of the epoch is lost for it."""
    answer = await publish(server, '{"epoch": 0, "loss": 1, "": 2, "a\\nb": 3, "\\ud800": 4}')

    assert (answer["accepted"], answer["ignored"]) == (1, 3)


async def test_a_measure_has_one_chart(server: RunningServer) -> None:
    """Training and validation together, whichever comes first."""
    answer = await epoch(server, 0, loss=1, val_acc=0.5)
    await epoch(server, 1, loss=1, val_loss=2, acc=3)
    await epoch(server, 2, loss=1)

    charts = (await server.get(f"/runs/{answer['run']}/charts"))["items"]
    id = answer["run"]
    assert [(c["title"], c["x"], c["y"], c["channels"]) for c in charts] == [
        ("loss", "epoch", "loss", [f"{id}.0", f"{id}.2"]),
        ("acc", "epoch", "acc", [f"{id}.3", f"{id}.1"]),
    ]
    assert not any(c["auto"] for c in charts)


async def test_a_new_training_is_a_new_run(server: RunningServer) -> None:
    """It begins at the first epoch again; the run before has ended."""
    for y in (3, 2):
        old = [await epoch(server, x, loss=y) for x in (0, 1)][-1]["run"]

    runs = {r["id"]: r for r in (await server.get("/runs"))["items"]}
    assert len(runs) == 2
    assert {r["name"] for r in runs.values()} == {"keras"}
    (first,) = runs.keys() - {old}
    assert (runs[first]["state"], runs[old]["state"]) == ("finished", "running")
    assert await curve(server, first) == [(0, 0, 3), (0, 1, 3)]
    assert await curve(server, old) == [(0, 0, 2), (0, 1, 2)]


async def test_a_resumed_training_is_a_new_session(server: RunningServer) -> None:
    """It goes over epochs again, but not from the first; the newer line is the one that counts."""
    for x in (0, 1, 2):
        run = (await epoch(server, x, loss=x))["run"]
    resumed = await epoch(server, 1, loss=10)
    await epoch(server, 2, loss=20)

    session = resumed["session"]
    assert (resumed["run"], session > 0) == (run, True)
    assert await curve(server, run) == [
        (0, 0, 0), (0, 1, 1), (0, 2, 2), (session, 1, 10), (session, 2, 20)
    ]  # fmt: skip
    old, new = (await server.channel(run, "loss"))["series"]
    assert (old["superseded_from"], new["superseded_from"]) == (1, None)


async def test_an_id_names_its_run(server: RunningServer) -> None:
    """A training that begins anew there is a session of it."""
    id = await server.new_run(name="mine")
    await epoch(server, 0, id, loss=1)
    again = await epoch(server, 0, id + "/", loss=2)

    assert again["run"] == id
    assert [y for _, _, y in await curve(server, id)] == [1, 2]
    assert again["session"] > 0
    await publish(server, '{"epoch": 0}', new_ulid(), status=404)


async def test_names_are_of_a_project(server: RunningServer) -> None:
    """As for points."""
    answer = await epoch(server, 0, "mine%20run/?project=p&experiment=e", loss=1)
    run = await server.get(f"/runs/{answer['run']}")

    assert (run["project"], run["experiment"], run["name"]) == ("p", "e", "mine run")


async def test_it_is_remembered_over_a_restart(start: Any) -> None:
    """How far a training was is committed with its points."""
    async with start() as server:
        for x in (0, 1):
            run = (await epoch(server, x, loss=x))["run"]
    async with start() as server:
        assert (await epoch(server, 2, loss=2))["run"] == run
        assert (await epoch(server, 0, loss=0))["run"] != run


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[1]", '"epoch"', "{", '{"loss": 1}', '{"epoch": null}', '{"epoch": NaN}',
        '{"epoch": 1e999}', '{"epoch": [1]}', '{"epoch": "one"}', '{"epoch": true}',
        '{"epoch": 9223372036854775808}', '{"epoch": ' + "9" * 5000 + "}",
        '{"epoch": 0, "a": ' + "[" * 100_000 + "}",
    ],
)  # fmt: skip
async def test_what_says_no_epoch_is_refused(server: RunningServer, body: str) -> None:
    """With a hint, and nothing is made."""
    error = await publish(server, body, status=400)

    assert error["message"]
    assert (await server.get("/runs"))["total"] == 0


@pytest.mark.parametrize("body", ["", "&", "=", "data=", "data=1", "a=1&b=2", "%ff=%fe"])
async def test_a_form_without_an_epoch_is_refused(server: RunningServer, body: str) -> None:
    """No field, an empty one, several without an epoch."""
    await publish(server, body, headers=FORM, status=400)


async def test_too_much_is_refused(server: RunningServer) -> None:
    """More numbers than an epoch has, in either form, or more text than is read."""
    many = {f"a{i}": i for i in range(1001)}

    await publish(server, json.dumps({"epoch": 0, **many}), status=413)
    await publish(server, json.dumps({"epoch": 0, "a": [[1] * 2] * 600}), status=413)
    await publish(server, urlencode({"epoch": 0, **many}), headers=FORM, status=413)
    await publish(server, '{"epoch": 0, "a": "' + "x" * (1 << 20) + '"}', status=413)


async def test_a_channel_of_another_type_refuses_the_epoch(server: RunningServer) -> None:
    """Whole: nothing of it is kept."""
    words = {"text": "a", "format": "plain"}
    await server.post({"run": "keras", "channel": "loss", "type": "TEXT", "y": words})

    await publish(server, '{"epoch": 0, "acc": 1, "loss": 1}', status=409)

    (run,) = (await server.get("/runs"))["items"]
    assert run["channels"] == 1


async def test_below_a_prefix(start: Any) -> None:
    """The address moves with the base path, with and without the slash; below /api/v1 too."""
    async with start(base_path="/lab") as server:
        for url in (f"{server.base}/publish/epoch/end", f"{server.api}/publish/epoch/end/a"):
            async with server.http.post(url, json={"epoch": 0, "loss": 1}) as answer:
                assert answer.status == 200


async def test_a_token_is_asked_for(locked: RunningServer) -> None:
    """Where a login is on, nobody writes without a token."""
    await publish(locked, '{"epoch": 0}', status=401)


async def test_another_site_can_send_no_form(server: RunningServer) -> None:
    """A form needs no permission of the browser, so its origin is looked at."""
    headers = {**FORM, "Origin": "http://evil.example"}

    await publish(server, "epoch=0&loss=1", headers=headers, status=403)


@given(st.binary() | st.text().map(str.encode), st.booleans())
def test_any_body_is_an_epoch_or_refused(body: bytes, is_form: bool) -> None:
    """Nothing else is raised, and what is found fits a channel."""
    for text in (body, b'{"epoch": 0, "a": ' + body + b"}", b"epoch=0&" + body):
        with contextlib.suppress(AgnezServerError):
            found = parse_epoch(text, is_form=is_form)
            assert all(isinstance(y, float) for y in found.numbers.values())
