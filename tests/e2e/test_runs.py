"""Runs as a user meets them: how they end, who writes to them, what happens without a server."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest

from tests.support.machine import Machine

ENDS = [
    ("returns", 0, "finished", None),
    ("raises", 1, "failed", "ValueError: the loss went away"),
    ("interrupted", -2, "stopped", "KeyboardInterrupt"),
    ("terminated", -15, "stopped", "SIGTERM"),
    ("exits", 3, "failed", "exit status 3"),
]


@pytest.mark.parametrize(("way", "status", "state", "reason"), ENDS)
def test_the_end_of_a_process_is_the_state_of_its_run(
    machine: Machine, way: str, status: int, state: str, reason: str | None
) -> None:
    """Return, exception, Ctrl-C, SIGTERM and exit status each leave their state, and the points."""
    assert machine.train("ends", way).wait(60) == status
    machine.agnez("sync")

    run = machine.run_named(way)
    if way != "exits":  # the interpreter does not tell an exit hook the status
        assert (run["state"], run["reason"]) == (state, reason)
    assert (run["params"], run["tags"], run["experiment"]) == ({"lr": 0.1}, ["short"], "ends")
    points = machine.raw(machine.channel(run["id"], "loss")["id"])
    assert [(p["x"], p["y"]) for p in points] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]


def test_four_processes_write_one_channel(machine: Machine) -> None:
    """Main, forked, spawned and joined processes: a series each, every point once."""
    assert machine.train("family").wait(60) == 0
    machine.agnez("sync")

    run = machine.run_named("family")
    channel = machine.channel(run["id"], "shared")
    assert [s["count"] for s in channel["series"]] == [100] * 4
    counts = Counter((p["x"], p["y"]) for p in machine.raw(channel["id"]))
    assert counts == Counter((x, float(who)) for x in range(100) for who in range(4))
    assert run["state"] == "finished"


def test_a_run_without_a_server_is_synced_later(machine: Machine) -> None:
    """The server is down during the whole run; `agnez sync` brings it in afterwards."""
    machine.stop_server()
    assert machine.train("last_words", "offline", "5000").wait(60) == -9

    machine.up()
    machine.agnez("sync")

    run = machine.run_named("offline")
    assert machine.channel(run["id"], "count")["count"] == 5000


def test_a_server_with_an_empty_store_gets_what_the_spool_holds(machine: Machine) -> None:
    """The data directory is lost while a training runs: run, channels and points come again."""
    trainer = machine.train("steady", "again", "200")
    assert trainer.stdout is not None
    trainer.stdout.readline()
    machine.wait_for(lambda: any(r["points"] > 50 for r in machine.get("/runs")["items"]))
    machine.kill_server()
    shutil.rmtree(machine.home / "data")

    machine.up()
    machine.wait_for(lambda: machine.get("/runs")["total"] == 1)
    out, _ = trainer.communicate("end\n", timeout=60)
    machine.agnez("sync")

    run = machine.run_named("again")
    points = machine.raw(machine.channel(run["id"], "count-0")["id"])
    assert [p["x"] for p in points] == list(range(int(out.split()[-1])))
    assert run["gaps"] == 0
