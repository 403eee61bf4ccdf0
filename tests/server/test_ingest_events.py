"""Events of batches: runs, channels, charts, parameters, states; each bad one refused alone."""

from __future__ import annotations

import orjson
import pytest

from agnez_client.protocol import new_ulid
from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool


async def test_a_run_that_can_t_be_made_is_a_bad_batch(server: RunningServer) -> None:
    """Where the run's own event is refused nothing can be taken, and a second try can't help."""
    spool = Spool(name="")
    spool.events[0] = orjson.dumps({"kind": "run", "id": spool.run, "name": 5})
    spool.send(1)

    status, answer = await server.ingest(spool.batch())

    assert (status, answer["error"]["code"]) == (400, "bad_request")
    assert answer["error"]["refused"][0]["event"] == 0
    assert "name must be text" in answer["error"]["message"]


async def test_a_bad_event_is_refused_alone(server: RunningServer) -> None:
    """Each refused event is named by its ordinal; what stands around it is taken."""
    spool = Spool()
    bad = [b"{", b"[]", b'{"kind":"nope"}', b'{"kind":[]}', b'{"kind":"tags","tags":5}',
           b'{"kind":"channel","n":-1,"name":"x","type":"NUMERIC"}',
           b'{"kind":"channel","n":1,"name":"x","type":"HOLOGRAM"}',
           b'{"kind":"state","state":"lost"}', b'{"kind":"chart","id":5,"channels":["loss"]}',
           b'{"kind":"dropped","count":-1}', b'{"kind":"durable","value":"no"}',
           b'{"kind":"params","params":[1]}']  # fmt: skip
    spool.events += bad
    spool.event("tags", tags=["after"])
    spool.send(1)

    answer = await server.taken(spool.batch())

    assert [r["event"] for r in answer["refused"]] == list(range(2, 2 + len(bad)))
    assert all(r["reason"] for r in answer["refused"])
    assert (answer["events"], answer["points"]) == (len(spool.events), 1)
    assert (await server.get(f"/runs/{spool.run}"))["tags"] == ["after"]


async def test_two_spools_of_one_run(server: RunningServer) -> None:
    """Two processes number their channels as they like; names bring them together."""
    first = Spool(channels=("loss", "acc"), session=100)
    second = Spool(first.run, channels=("acc", "loss"), session=200, rank=1)
    first.send(1, channel=0)
    first.send(2, channel=1)
    second.send(3, channel=0)
    second.send(4, channel=1)

    for spool in (first, second):
        await server.taken(spool.batch())

    channels = (await server.get(f"/runs/{first.run}/channels"))["items"]
    assert [(c["name"], c["count"]) for c in channels] == [("loss", 2), ("acc", 2)]
    assert await server.ys(f"{first.run}.0") == [1, 4]
    assert await server.ys(f"{first.run}.1") == [2, 3]
    run = await server.get(f"/runs/{first.run}")
    assert [s["spool"] for s in run["sessions"]] == [first.id.hex(), second.id.hex()]


async def test_the_run_s_event_changes_no_run_that_is_there(server: RunningServer) -> None:
    """A second process brings its own idea of name and parameters: the first's stay."""
    first = Spool(name="first", params={"lr": 1})
    await server.taken(first.batch())

    await server.taken(Spool(first.run, name="second", params={"lr": 2}).batch())

    run = await server.get(f"/runs/{first.run}")
    assert (run["name"], run["params"]) == ("first", {"lr": 1})


async def test_a_channel_number_is_defined_once(server: RunningServer) -> None:
    """The same number for another name is refused; for the same name it is harmless."""
    spool = Spool()
    spool.event("channel", n=0, name="loss", type="NUMERIC")
    spool.event("channel", n=0, name="other", type="NUMERIC")
    spool.send(1)

    answer = await server.taken(spool.batch())

    assert [r["event"] for r in answer["refused"]] == [3]
    assert await server.ys(f"{spool.run}.0") == [1]


async def test_params_and_tags_grow(server: RunningServer) -> None:
    """Later events merge parameters and add tags."""
    spool = Spool(params={"lr": 1, "seed": 3}, tags=["a"])
    spool.event("params", params={"lr": 2, "epochs": 9})
    spool.event("tags", tags=["b", "a"])

    await server.taken(spool.batch())

    run = await server.get(f"/runs/{spool.run}")
    assert (run["params"], run["tags"]) == ({"lr": 2, "seed": 3, "epochs": 9}, ["a", "b"])


async def test_parameters_without_end_are_refused(server: RunningServer) -> None:
    """Parameters that outgrow their limit together are refused by ordinal; the old ones stay."""
    spool = Spool(params={"lr": 1})
    for i in range(12):
        spool.event("params", params={f"p{i}.{j}": j for j in range(1000)})

    answer = await server.taken(spool.batch())

    assert [r["event"] for r in answer["refused"]] == list(range(2, 14))
    assert (await server.get(f"/runs/{spool.run}"))["params"] == {"lr": 1}


async def test_a_chart_event_draws_channels(server: RunningServer) -> None:
    """A chart of the SDK has the channels that it names."""
    spool = Spool(channels=("a", "b"))
    spool.event("chart", id="both", title="Both", channels=["a", "b"], x="step", y="loss")

    await server.taken(spool.batch())

    (chart,) = (await server.get(f"/runs/{spool.run}/charts"))["items"]
    assert (chart["id"], chart["title"], len(chart["channels"])) == ("both", "Both", 2)


@pytest.mark.parametrize("state", ["finished", "failed", "stopped"])
async def test_a_state_event_ends_the_run(server: RunningServer, state: str) -> None:
    """State, reason and time of the end are those of the process."""
    spool = Spool()
    spool.event("state", state=state, reason="because")
    spool.events[-1] = orjson.dumps({**orjson.loads(spool.events[-1]), "at": WALL_US + 5_000_000})

    await server.taken(spool.batch())

    run = await server.get(f"/runs/{spool.run}")
    assert (run["state"], run["reason"], run["elapsed_s"]) == (state, "because", 5.0)


async def test_dropped_points_and_durability_are_shown(server: RunningServer) -> None:
    """What the process could not keep stands on the run."""
    spool = Spool()
    spool.event("dropped", count=3, reason="full", n=0)
    spool.event("dropped", count=4)
    spool.event("durable", value=False)

    await server.taken(spool.batch())

    run = await server.get(f"/runs/{spool.run}")
    assert (run["dropped"], run["durable"]) == (7, False)


async def test_why_something_was_dropped_is_kept_by_channel(server: RunningServer) -> None:
    """Counts of one channel and reason are one, those of a later batch as well."""
    spool = Spool()
    spool.event("dropped", count=3, reason="not square", n=0)
    await server.taken(spool.batch())
    spool.event("dropped", count=4, reason="not square", n=0)
    spool.event("dropped", count=1, reason="another\x1bstore", n=99)

    await server.taken(spool.batch())

    assert (await server.get(f"/runs/{spool.run}"))["dropped_by"] == [
        {"channel": "loss", "reason": "not square", "count": 7},
        {"channel": None, "reason": "another?store", "count": 1},
    ]


async def test_of_many_reasons_the_later_ones_are_counted_together(server: RunningServer) -> None:
    """A hostile spool makes a document of at most fifty, and no count is lost."""
    spool = Spool()
    for i in range(200):
        spool.event("dropped", count=1, reason=f"{i} " * 1000, n=0)

    await server.taken(spool.batch())

    told = (await server.get(f"/runs/{spool.run}"))["dropped_by"]
    assert len(told) == 50
    assert told[-1] == {"channel": None, "reason": "other reasons", "count": 151}
    assert max(len(one["reason"]) for one in told) == 300


async def test_a_count_beyond_all_bounds_stays_readable(server: RunningServer) -> None:
    """Counts stop at 2^53: a hostile spool makes no number that JSON can't hold."""
    spool = Spool()
    for _ in range(5):
        spool.event("dropped", count=2**53)

    await server.taken(spool.batch())

    assert (await server.get(f"/runs/{spool.run}"))["dropped"] == 2**53


async def test_a_run_s_event_names_the_batch_s_run(server: RunningServer) -> None:
    """A batch that defines another run than it names is refused whole."""
    spool = Spool()
    spool.events[0] = orjson.dumps({"kind": "run", "id": new_ulid()})

    status, answer = await server.ingest(spool.batch())

    assert status == 400
    assert "another run" in answer["error"]["message"]
