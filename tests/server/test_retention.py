"""Rules by which runs of a project go into the trash."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_server import retention
from agnez_server.keys import RETENTION, STORE
from agnez_server.models import PROJECTS, new_run
from agnez_server.retention import Rule
from tests.server.running import RunningServer

DAY = 86_400_000_000
RULE = "/projects/p/retention"


async def runs_of(server: RunningServer, project: str = "p", **query: str) -> set[str]:
    """Names of the runs of *project* that lists show."""
    return {r["name"] for r in (await server.get("/runs", project=project, **query))["items"]}


@pytest.fixture
async def five(server: RunningServer) -> RunningServer:
    """A server with the finished runs 0 to 4 of "p", 1 with a tag, one that runs, one of "q"."""
    for i in range(5):
        id = await server.new_run(name=str(i), project="p", tags=["paper"] if i == 1 else [])
        await server.call("PATCH", f"/runs/{id}", json={"state": "finished"})
    await server.new_run(name="runs", project="p")
    id = await server.new_run(name="other", project="q")
    await server.call("PATCH", f"/runs/{id}", json={"state": "finished"})
    return server


async def test_a_rule_is_kept(start: Any) -> None:
    """Over a restart; it may be replaced and taken away."""
    async with start() as server:
        assert (await server.get(RULE))["rule"] is None
        await server.call("PUT", RULE, json={"keep_last": 3})
        status, answer = await server.call(
            "PUT", RULE, json={"max_age_days": 1.5, "keep_tags": ["a"]}
        )
        assert status == 200
    async with start() as server:
        rule = {"keep_last": None, "max_age_days": 1.5, "keep_tagged": False, "keep_tags": ["a"]}
        assert await server.get(RULE) == answer == {"project": "p", "rule": rule}
        assert (await server.call("DELETE", RULE))[0] == 204
        assert (await server.get(RULE))["rule"] is None


async def test_a_dry_run_only_tells(five: RunningServer) -> None:
    """What would go, the oldest first, with its size."""
    await five.post({"run": "0", "project": "p", "channel": "loss", "y": [1] * 100})

    status, answer = await five.call(
        "POST", f"{RULE}/apply?dry_run=true", json={"keep_last": 3, "keep_tagged": True}
    )

    assert status == 200
    assert [r["name"] for r in answer["runs"]] == ["0", "2"]
    assert answer["bytes"] == sum(r["bytes"] for r in answer["runs"]) > 0
    assert await runs_of(five) == {"0", "1", "2", "3", "4", "runs"}
    assert (await five.get(RULE))["rule"] is None


async def test_what_goes_lies_in_the_trash(five: RunningServer) -> None:
    """And comes back; another project's runs stay."""
    await five.call("PUT", RULE, json={"keep_last": 2})

    _, answer = await five.call("POST", f"{RULE}/apply")

    assert [r["name"] for r in answer["runs"]] == ["0", "1", "2", "3"]
    assert await runs_of(five) == {"4", "runs"}
    assert await runs_of(five, deleted="true") == {"0", "1", "2", "3"}
    assert await runs_of(five, "q") == {"other"}
    assert (await five.call("POST", f"/runs/{answer['runs'][0]['id']}/restore"))[0] == 200
    assert await runs_of(five) == {"0", "4", "runs"}


async def test_the_server_applies_all_rules(five: RunningServer) -> None:
    """Once a day this is called."""
    for project in ("p", "q"):
        await five.call("PUT", f"/projects/{project}/retention", json={"keep_last": 0})

    await five.served.app[RETENTION].apply_all()

    assert (await runs_of(five), await runs_of(five, "q")) == ({"runs"}, set())


async def test_it_does_so_by_itself(
    five: RunningServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A while after the start; a rule that nobody can read stops none of the others."""
    app = five.served.app
    monkeypatch.setattr(retention, "FIRST_AFTER_S", 0)
    await app[STORE].change(lambda change: change.docs.table(PROJECTS).insert({"a": 1}))
    await five.call("PUT", RULE, json={"keep_last": 2})
    gone = asyncio.Event()
    app[STORE].listen(lambda event: gone.set() if event.docs else None)

    task = asyncio.create_task(app[RETENTION].watch())
    await asyncio.wait_for(gone.wait(), 20)
    task.cancel()

    assert await runs_of(five) == {"4", "runs"}
    assert "can't be read" in caplog.text


@pytest.mark.parametrize(
    ("rule", "field"),
    [({}, "rule"), ({"keep_tagged": True}, "rule"), ({"keep_last": -1}, "keep_last"),
     ({"keep_last": 1.5}, "keep_last"), ({"max_age_days": 0}, "max_age_days"),
     ({"max_age_days": True}, "max_age_days"), ({"max_age_days": "30d"}, "max_age_days"),
     ({"keep_last": 1, "keep_tagged": 1}, "keep_tagged"),
     ({"keep_last": 1, "keep_tags": "a"}, "tags"),
     ({"keep_lats": 1}, "keep_lats")],
)  # fmt: skip
async def test_a_wrong_rule_is_refused(server: RunningServer, rule: Any, field: str) -> None:
    """By name, when it is set and when it is tried."""
    for method, path in (("PUT", RULE), ("POST", f"{RULE}/apply")):
        status, error = await server.refused(method, path, json=rule)
        assert (status, error["field"]) == (400, field)


async def test_without_a_rule_nothing_is_applied(five: RunningServer) -> None:
    """And it is said how to give one."""
    assert (await five.refused("POST", f"{RULE}/apply"))[0] == 400
    assert len(await runs_of(five)) == 6


def run(created: int, **fields: Any) -> Any:
    """A run that began on day *created* and lasted half a day."""
    finished = {"state": "finished", "finished": created * DAY + DAY // 2}
    return {**new_run(f"{created:026}", {"started": created * DAY}, 0), **finished, **fields}


def names(rule: Rule, runs: list[Any], day: int) -> list[int]:
    """The days of those *runs* that go on *day*."""
    return [r["created"] // DAY for r in rule.doomed(runs, day * DAY)]


def test_each_part_of_a_rule_keeps() -> None:
    """What no part keeps goes; a run that never ended counts from its last change."""
    runs = [run(i) for i in range(1, 6)]

    assert names(Rule(max_age_days=3), runs, 6) == [1, 2]
    assert names(Rule(keep_last=2), runs, 6) == [1, 2, 3]
    assert names(Rule(keep_last=4, max_age_days=1), runs, 6) == [1]
    assert names(Rule(keep_last=9), runs, 6) == []
    runs[0]["tags"], runs[1]["tags"] = ["paper"], ["draft"]
    assert names(Rule(keep_last=2, keep_tags=("paper",)), runs, 6) == [2, 3]
    assert names(Rule(keep_last=2, keep_tagged=True), runs, 6) == [3]
    lost = run(1, state="lost", finished=None, updated=5 * DAY)
    assert names(Rule(max_age_days=3), [lost], 6) == []
    assert names(Rule(max_age_days=3), [lost], 9) == [1]


@given(
    st.lists(st.tuples(st.integers(1, 50), st.booleans(), st.booleans()), max_size=20),
    st.integers(0, 20), st.none() | st.floats(0.1, 60), st.booleans(),
)  # fmt: skip
def test_what_is_to_be_kept_never_goes(
    made: list[tuple[int, bool, bool]], last: int, age: float | None, tagged: bool
) -> None:
    """Neither what runs, nor the newest, the young, the tagged; all others go."""
    runs = [
        run(day, id=f"{i:026}", tags=["t"] if tag else [], **({"state": "running"} if runs else {}))
        for i, (day, tag, runs) in enumerate(made)
    ]

    doomed = {r["id"] for r in Rule(last, age, tagged).doomed(runs, 60 * DAY)}

    for r in runs:
        newer = sum((o["created"], o["id"]) > (r["created"], r["id"]) for o in runs)
        young = age is not None and 60 * DAY - r["finished"] < age * DAY
        kept = newer < last or young or r["state"] == "running" or (tagged and r["tags"])
        assert (r["id"] in doomed) != bool(kept)
