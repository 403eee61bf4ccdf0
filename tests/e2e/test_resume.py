"""A training that was killed and goes on from its last checkpoint, in the same run."""

from __future__ import annotations

from tests.support.machine import Machine


def test_a_run_killed_at_249_goes_on_at_203(machine: Machine) -> None:
    """Both sessions are whole, in every export; from step 203 on the first one is superseded."""
    first = machine.train("resumes", "0", "249", "killed")
    assert first.stdout is not None
    run = first.stdout.readline().strip()
    assert first.wait(60) == -9
    assert machine.train("resumes", "203", "400", "finishes", AGNEZ_RUN=run).wait(60) == 0
    machine.agnez("sync")

    channel = machine.channel(run, "loss")
    killed, resumed = channel["series"]
    assert (killed["count"], killed["rank"], killed["superseded_from"]) == (250, 0, 203)
    assert (resumed["count"], resumed["rank"], resumed["superseded_from"]) == (198, 0, None)
    assert (channel["last_x"], channel["last"]) == (400, 1000.0 / 401 + 1)

    points = machine.raw(channel["id"])
    steps = {
        s: [p["x"] for p in points if p["session"] == s]
        for s in (killed["session"], resumed["session"])
    }
    assert list(steps.values()) == [list(range(250)), list(range(203, 401))]
    csv = machine.text(f"/channels/{channel['id']}/raw?format=csv")
    assert len(csv.splitlines()) == 1 + 250 + 198
    assert csv.splitlines()[0].startswith("session,rank,")

    view = machine.get(f"/channels/{channel['id']}/points")
    assert [s["superseded_from"] for s in view["series"]] == [203, None]
    band = machine.get(f"/channels/{channel['id']}/band")
    assert (band["x"], band["members"]) == (list(range(401)), 1)
    assert band["mean"] == [1000.0 / (1 + x) + (x >= 203) for x in range(401)]
