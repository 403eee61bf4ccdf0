"""Entries on their way in: by batch and by POST /points, with the blobs that they name."""

from __future__ import annotations

from typing import Any

import pytest

from agnez_client.protocol import CHANNEL_TYPES, encode_batch, join_buffers
from tests.server.bodies import EXAMPLES, PICTURE, PNG, named, put, put_all, sha256
from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool


def spool_of(type: str, **fields: Any) -> Spool:
    """A spool whose channel 1, ``c``, has this type."""
    spool = Spool(**fields)
    spool.event("channel", n=1, name="c", type=type)
    return spool


def send(spool: Spool, x: float, body: Any, n: int = 1) -> None:
    """Write an entry that declares all that it names."""
    blobs = named(body)
    spool.event("entry", n=n, x=x, wall=WALL_US + int(x), body=body, blobs=blobs)


async def entries(server: RunningServer, channel: str, **query: Any) -> list[dict[str, Any]]:
    """Entries of a channel."""
    return list((await server.get(f"/channels/{channel}/entries", **query))["items"])


def test_there_is_an_example_of_each_type() -> None:
    """No type is forgotten here."""
    assert set(EXAMPLES) == set(CHANNEL_TYPES) - {"NUMERIC"}


@pytest.mark.parametrize("type", EXAMPLES)
async def test_an_entry_comes_back_as_it_was_sent(server: RunningServer, type: str) -> None:
    """The body of each type goes through a batch unchanged."""
    await put_all(server)
    spool = spool_of(type)
    send(spool, 3, EXAMPLES[type])
    send(spool, 4.5, EXAMPLES[type])

    answer = await server.taken(spool.batch())

    assert answer["refused"] == []
    found = await entries(server, f"{spool.run}.1")
    assert [e["body"] for e in found] == [EXAMPLES[type]] * 2
    assert [(e["ordinal"], e["x"], e["wall"]) for e in found] == [
        (0, 3, WALL_US + 3), (1, 4.5, WALL_US + 4)
    ]  # fmt: skip
    channel = await server.channel(spool.run, "c")
    assert (channel["type"], channel["count"], channel["last_x"]) == (type, 2, 4.5)
    assert (await server.get(f"/runs/{spool.run}"))["points"] == 2


@pytest.mark.parametrize("type", EXAMPLES)
async def test_an_entry_may_be_posted(server: RunningServer, type: str) -> None:
    """POST /points takes the same bodies, one or in columns; x counts up by itself."""
    await put_all(server)
    body = EXAMPLES[type]
    point = {"run": "r", "channel": "c", "type": type}

    await server.post({**point, "y": body})
    answer = await server.post({**point, "y": [body, body]})

    assert answer["accepted"] == 2
    found = await entries(server, answer["channels"][0])
    assert [(e["x"], e["body"]) for e in found] == [(0, body), (1, body), (2, body)]


async def test_a_batch_waits_for_blobs(server: RunningServer) -> None:
    """409 names every blob that is not here once, nothing is taken; with them the batch is."""
    spool = spool_of("IMAGE")
    send(spool, 0, EXAMPLES["IMAGE"])
    send(spool, 1, EXAMPLES["IMAGE"])
    spool.send(1.5)

    status, answer = await server.ingest(spool.batch())

    error = answer["error"]
    assert (status, error["code"], error["sha256"]) == (409, "blobs_missing", [sha256(PNG)])
    assert (error["events"], error["points"]) == (0, 0)
    assert len(error["store"]) == 32
    assert (await server.refused("GET", f"/runs/{spool.run}"))[0] == 404

    await put(server, PNG, "image/png")
    assert (await server.taken(spool.batch()))["refused"] == []
    assert len(await entries(server, f"{spool.run}.1")) == 2


async def test_what_was_taken_waits_for_nothing(server: RunningServer) -> None:
    """Events before the mark are not looked at again, so their blobs don't matter."""
    spool = spool_of("IMAGE")
    await server.taken(spool.batch())
    send(spool, 0, EXAMPLES["IMAGE"])

    status, answer = await server.ingest(spool.batch(first_event=1))

    assert (status, answer["error"]["events"]) == (409, 3)


async def test_a_blob_that_never_comes_is_given_up(server: RunningServer) -> None:
    """With ?missing=refuse only the events that name it are refused."""
    spool = spool_of("IMAGE")
    send(spool, 0, EXAMPLES["IMAGE"])
    spool.event("tags", tags=["after"])
    url = "/ingest?missing=refuse"

    status, answer = await server.ingest(spool.batch(), url)

    assert (status, [r["event"] for r in answer["refused"]]) == (200, [3])
    assert "never came" in answer["refused"][0]["reason"]
    assert (await server.get(f"/runs/{spool.run}"))["tags"] == ["after"]


async def test_posted_entries_ask_for_their_blobs(server: RunningServer) -> None:
    """409 with the hashes; no run is made."""
    point = {"run": "r", "channel": "c", "type": "IMAGE", "y": EXAMPLES["IMAGE"]}

    status, error = await server.refused("POST", "/points", json=point)

    assert (status, error["code"], error["sha256"]) == (409, "blobs_missing", [sha256(PNG)])
    assert (await server.get("/runs"))["total"] == 0


async def test_a_blob_has_to_be_declared(server: RunningServer) -> None:
    """What a body names stands in the event's blobs, with its size."""
    await put_all(server)
    body = {"items": [{**PICTURE, "thumb": PICTURE}]}
    spool = spool_of("IMAGE")
    short = {**PICTURE, "size": 5}
    for blobs in ([], None, [{k: short[k] for k in ("sha256", "mime", "size")}]):
        spool.event("entry", n=1, x=0, wall=WALL_US, body=body, blobs=blobs)

    answer = await server.taken(spool.batch())

    assert [r["event"] for r in answer["refused"]] == [3, 4, 5]
    assert all("names the blob" in r["reason"] for r in answer["refused"])


async def test_entries_and_points_keep_apart(server: RunningServer) -> None:
    """An entry to a NUMERIC channel, and a point to another, is refused alone by its ordinal."""
    spool = spool_of("TEXT")
    send(spool, 0, EXAMPLES["TEXT"], n=0)
    send(spool, 0, EXAMPLES["TEXT"], n=1)
    send(spool, 0, EXAMPLES["TEXT"], n=2)
    for channel in (0, 1, 2, 0):
        spool.send(channel, channel=channel)

    answer = await server.taken(spool.batch())

    assert [r.get("event", r.get("point")) for r in answer["refused"]] == [3, 5, 1, 2]
    reasons = [r["reason"] for r in answer["refused"]]
    assert "NUMERIC takes numbers" in reasons[0]
    assert "unknown channel 2" in reasons[1]
    assert reasons[2] == "channel 1 has the type TEXT, which takes no numbers"
    assert await server.ys(f"{spool.run}.0") == [0, 0]
    assert len(await entries(server, f"{spool.run}.1")) == 1


async def test_a_spool_s_types_are_remembered(server: RunningServer) -> None:
    """A later batch that defines no channel still knows which takes entries."""
    spool = spool_of("TEXT")
    await server.taken(spool.batch())
    send(spool, 0, EXAMPLES["TEXT"])
    spool.send(1, channel=1)

    answer = await server.taken(spool.batch(first_event=3))

    assert [r["point"] for r in answer["refused"]] == [0]
    assert len(await entries(server, f"{spool.run}.1")) == 1


async def test_a_batch_twice_brings_its_entries_once(server: RunningServer) -> None:
    """A delivery repeated after a doubt adds nothing."""
    spool = spool_of("TEXT")
    send(spool, 0, EXAMPLES["TEXT"])

    for _ in range(2):
        await server.taken(spool.batch())

    assert len(await entries(server, f"{spool.run}.1")) == 1


@pytest.mark.parametrize(
    "fields",
    [{"x": None}, {"x": "1"}, {"x": True}, {"x": 2**63}, {"wall": None}, {"wall": 0.5},
     {"n": None}, {"n": -1}, {"body": None}, {"body": []}, {"blobs": {}}, {"blobs": [{}]},
     {"blobs": [{"sha256": "../../etc/passwd", "size": 1, "mime": "a/b"}]},
     {"blobs": [{"sha256": "a" * 64, "size": -1, "mime": "a/b"}]},
     {"blobs": [{"sha256": "A" * 64, "size": 1, "mime": "a/b"}]},
     {"blobs": [{"sha256": "a" * 64, "size": 1, "mime": "a\r\nX: y"}]}],
)  # fmt: skip
async def test_an_entry_that_makes_no_sense_is_refused(
    server: RunningServer, fields: dict[str, Any]
) -> None:
    """It is refused alone, and what is around it is taken."""
    spool = spool_of("TEXT")
    good = {"n": 1, "x": 0, "wall": WALL_US, "body": EXAMPLES["TEXT"]}
    spool.event("entry", **{**good, **fields})
    spool.event("entry", **good)

    answer = await server.taken(spool.batch())

    assert [r["event"] for r in answer["refused"]] == [3]
    assert len(await entries(server, f"{spool.run}.1")) == 1


@pytest.mark.parametrize("version", [1, 2])
async def test_either_version_of_the_protocol_is_taken(server: RunningServer, version: int) -> None:
    """A spool of an older SDK is read; it has no entries to send."""
    spool = Spool()
    spool.send(1, 2)
    body = bytearray(join_buffers(encode_batch(spool.batch())))
    body[4] = version

    status, answer = await server.ingest(bytes(body))

    assert (status, answer["points"]) == (200, 2)
    assert await server.ys(f"{spool.run}.0") == [1, 2]


async def test_a_channel_of_another_type_is_refused_with_all_it_sends(
    server: RunningServer,
) -> None:
    """A second process that takes a name for another type is told so; the first goes on."""
    first = Spool(channels=("c",))
    first.send(1)
    await server.taken(first.batch())
    second = Spool(first.run, channels=())
    second.event("channel", n=0, name="c", type="TEXT")
    send(second, 0, EXAMPLES["TEXT"], n=0)

    refused = (await server.taken(second.batch()))["refused"]

    assert [r["event"] for r in refused] == [1, 2]
    assert "has the type NUMERIC, not TEXT" in refused[0]["reason"]
    assert await server.ys(f"{first.run}.0") == [1]


async def test_another_type_under_the_same_name_is_refused(server: RunningServer) -> None:
    """A posted entry to a channel of numbers is a conflict that names both types."""
    await server.post({"run": "r", "channel": "c", "y": 1})

    status, error = await server.refused(
        "POST", "/points",
        json={"run": "r", "channel": "c", "type": "TEXT", "y": EXAMPLES["TEXT"]},
    )  # fmt: skip

    assert (status, error["code"]) == (409, "conflict")
    assert "has the type NUMERIC, not TEXT" in error["message"]
