"""Many processes of one run that send to the same channel, and know nothing of each other."""

from __future__ import annotations

import json
import os
import urllib.request
from collections import Counter
from typing import Any

import pytest

from agnez_client.protocol import new_ulid
from tests.support.machine import Machine

STEPS = 200
only_in_full = pytest.mark.skipif(
    os.environ.get("AGNEZ_FULL") != "1",
    reason="64 interpreters take long: ./scripts/prove starts them",
)


def trained(machine: Machine, kind: str, count: int, **environment: str) -> dict[str, Any]:
    """The channel that *count* processes of a *kind* have sent to."""
    assert (
        machine.train(
            "ranks", kind, str(count), str(STEPS), AGNEZ_RECORD="off", **environment
        ).wait(110)
        == 0
    )
    machine.agnez("sync")
    (run,) = machine.get("/runs")["items"]
    return dict(machine.channel(run["id"], "loss"))


def finish(machine: Machine, run: str) -> None:
    """Say that *run* has ended: nobody owned it."""
    request = urllib.request.Request(
        f"{machine.url}/api/v1/runs/{run}",
        method="PATCH",
        data=json.dumps({"state": "finished"}).encode(),
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def check_points(machine: Machine, channel: dict[str, Any], count: int) -> None:
    """Every point once, each process under a rank of its own."""
    sent = Counter(
        (step, float(who))
        for who in range(count)
        for step in range(STEPS - 120 if who == 17 else STEPS)
    )
    points = machine.raw(channel["id"])
    assert Counter((p["x"], p["y"]) for p in points) == sent
    assert len({(p["rank"], p["y"]) for p in points}) == count
    assert sorted({p["rank"] for p in points}) == list(range(count))


@pytest.mark.parametrize(
    "kind", ["forkserver", pytest.param("torchrun", marks=[pytest.mark.proof, only_in_full])]
)
def test_64_processes_of_a_launcher_are_one_curve(machine: Machine, kind: str) -> None:
    """Every point once under the launcher's rank; the band is right; the straggler is told."""
    channel = trained(machine, kind, 64, AGNEZ_RUN=new_ulid())

    check_points(machine, channel, 64)
    assert all(p["rank"] == p["y"] for p in machine.raw(channel["id"]))
    finish(machine, channel["run"])
    band = machine.get(f"/channels/{channel['id']}/band")
    assert (band["exact"], band["members"], band["x"]) == (True, 64, list(range(STEPS)))
    rows = list(zip(band["mean"], band["lo"], band["hi"], band["count"], strict=True))
    assert rows[:80] == [(31.5, 0, 63, 64)] * 80
    assert rows[80:] == [((2016 - 17) / 63, 0, 63, 63)] * 120
    assert [(r["rank"], r["behind"]) for r in band["ranks"] if r["behind"]] == [(17, 120)]


@pytest.mark.parametrize("kind", ["joined", "spawn", "fork"])
def test_processes_without_a_launcher_are_one_curve(machine: Machine, kind: str) -> None:
    """Joined by AGNEZ_RUN, spawned or forked: ranks 0 to 3, one mean."""
    environment = {} if kind == "fork" else {"AGNEZ_RUN": new_ulid()}

    channel = trained(machine, kind, 4, **environment)

    check_points(machine, channel, 4)
    band = machine.get(f"/channels/{channel['id']}/band")
    assert set(zip(band["mean"], band["lo"], band["hi"], band["count"], strict=True)) == {
        (1.5, 0, 3, 4)
    }
