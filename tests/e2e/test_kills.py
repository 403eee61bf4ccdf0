"""Processes die at random moments; every point is there once, in order."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence

import pytest

from tests.support.machine import Machine

FULL = os.environ.get("AGNEZ_FULL") == "1"
KILLS = 100 if FULL else 20
CLIENTS = 8

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800 if FULL else 400)]


def values(machine: Machine, run: str, name: str) -> list[tuple[int, float]]:
    """x and y of a channel in the order sent."""
    channel = machine.channel(run, name)
    return [(p["x"], p["y"]) for p in machine.raw(channel["id"])]


def test_a_killed_trainer_loses_nothing_that_it_sent(machine: Machine) -> None:
    """SIGKILL right after the last send: every point is delivered by whoever comes next."""
    seeds = random.Random(7)
    counts = [seeds.choice((1, 2, 100, 5_000)) + seeds.randrange(5_000) for _ in range(KILLS)]

    for first in range(0, KILLS, 4):
        group = range(first, min(first + 4, KILLS))
        trainers = [machine.train("last_words", f"killed-{k:03}", str(counts[k])) for k in group]
        assert [t.wait(60) for t in trainers] == [-9] * len(trainers)
    machine.agnez("sync")

    for k, count in enumerate(counts):
        run = machine.run_named(f"killed-{k:03}")
        assert values(machine, run["id"], "count") == [(i, i) for i in range(count)]


def kill_again_and_again(machine: Machine, moments: Sequence[float]) -> None:
    """After each kill, everything that a trainer knew to be stored is there."""
    for moment in moments:
        time.sleep(moment)  # not to wait for something: the moment of the kill is random
        acked = machine.acked()
        machine.kill_server()
        machine.up()
        for run, points in acked.items():
            assert machine.get(f"/runs/{run}")["points"] >= points


def test_a_killed_server_loses_nothing_under_load(machine: Machine) -> None:
    """SIGKILL of the server while eight clients send: all points arrive, once, in order."""
    seeds = random.Random(11)
    trainers = [machine.train("steady", f"steady-{k}", "1000") for k in range(CLIENTS)]
    for trainer in trainers:
        assert trainer.stdout is not None
        assert trainer.stdout.readline() == "started\n"

    kill_again_and_again(machine, [seeds.uniform(0.05, 0.8) for _ in range(KILLS)])
    counts = []
    for trainer in trainers:
        out, _ = trainer.communicate("end\n", timeout=120)
        counts.append(int(out.split()[-1]))
    machine.agnez("sync")

    for k, count in enumerate(counts):
        run = machine.run_named(f"steady-{k}")
        for name in ("count-0", "count-1", "count-2"):
            assert values(machine, run["id"], name) == [(i, i) for i in range(count)]
        assert (run["gaps"], run["dropped"], run["state"]) == (0, 0, "finished")
