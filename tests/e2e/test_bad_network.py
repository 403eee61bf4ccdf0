"""Connections break at random places; every point is there once, in order."""

from __future__ import annotations

import os

import pytest

from tests.support.bad_network import BadNetwork
from tests.support.machine import Machine

FULL = os.environ.get("AGNEZ_FULL") == "1"
CUTS = 200 if FULL else 25

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600 if FULL else 120)]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_network_that_cuts_connections_loses_and_doubles_nothing(
    machine: Machine, seed: int
) -> None:
    """Requests cut, answers cut: what is in doubt is sent again, and stored once."""
    target = int(machine.url.rpartition(":")[2])
    with BadNetwork(target, mean_bytes=3_000, seed=seed) as network:
        url = f"http://127.0.0.1:{network.port}"
        trainers = [
            machine.train("steady", f"cut-{k}", "2000", AGNEZ_URL=url, AGNEZ_FLUSH_TIMEOUT="0.5")
            for k in range(3)
        ]
        for trainer in trainers:
            assert trainer.stdout is not None
            trainer.stdout.readline()
        machine.wait_for(lambda: network.cuts > CUTS, 300)
        counts = [int(t.communicate("end\n", timeout=60)[0].split()[-1]) for t in trainers]
    machine.agnez("sync", "--to", machine.url)

    for k, count in enumerate(counts):
        run = machine.run_named(f"cut-{k}")
        for name in ("count-0", "count-1", "count-2"):
            points = machine.raw(machine.channel(run["id"], name)["id"])
            assert [(p["x"], p["y"]) for p in points] == [(i, i) for i in range(count)]
        assert run["gaps"] == 0
