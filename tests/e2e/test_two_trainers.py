"""Two trainers of one run, copies of their spools synced meanwhile, and a spool that was harmed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agnez_client.protocol import new_ulid
from agnez_client.spool.survey import survey
from tests.support.agnez_up import AGNEZ
from tests.support.machine import Machine
from tests.support.proof import proved, size

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]
WAITING = size(60, 20_000)
HEAD, RECORD = 4096, 32


def spools(machine: Machine) -> list[Path]:
    """The spools that lie on the machine."""
    return sorted(p.parent for p in (machine.home / "spool").glob("*/[!.]*/header.json"))


def sync(machine: Machine, *paths: Path) -> None:
    """`agnez sync` of copies, which may keep an end that they do not send."""
    command = [*AGNEZ, "sync", "--to", machine.url, *map(str, paths)]
    subprocess.run(command, env=machine.environment, capture_output=True, timeout=120)


def least_waiting(machine: Machine) -> int:
    """How many points wait in the spool that holds the fewest."""
    return min(survey(path).points for path in spools(machine))


def test_both_write_while_their_copies_are_synced(machine: Machine) -> None:
    """Each point of both once, in order in its session, whoever brought it."""
    run = new_ulid()
    trainers = [machine.train("steady", "twice", "2000", AGNEZ_RUN=run) for _ in range(2)]
    for trainer in trainers:
        assert trainer.stdout is not None
        trainer.stdout.readline()
    for n in range(size(1, 6)):
        machine.kill_server()
        machine.wait_for(lambda: least_waiting(machine) > WAITING)
        copies = [
            Path(shutil.copytree(s, machine.home / f"copies{n}" / s.name)) for s in spools(machine)
        ]
        machine.up()
        sync(machine, *copies)
    counts = [int(t.communicate("end\n", timeout=90)[0].split()[-1]) for t in trainers]
    machine.agnez("sync")

    for name in ("count-0", "count-1", "count-2"):
        points = machine.raw(machine.channel(run, name)["id"])
        sessions = {p["session"]: [] for p in points}
        for p in points:
            sessions[p["session"]].append((p["x"], p["y"]))
        wanted = sorted([(i, i) for i in range(count)] for count in counts)
        assert sorted(sessions.values()) == wanted
    assert machine.get(f"/runs/{run}")["gaps"] == 0
    proved(
        "two-trainers",
        "two trainers write one run, copies of their spools are synced meanwhile: each point once",
        f"{3 * sum(counts)} points, {size(1, 6)} rounds of copies",
    )


def test_a_harmed_spool_of_a_killed_trainer(machine: Machine) -> None:
    """A record that is two bits wrong and a cut end are gaps of the run; the rest arrives."""
    trainer = machine.train("steady", "harmed", "3000")
    assert trainer.stdout is not None
    trainer.stdout.readline()
    machine.kill_server()
    (path,) = spools(machine)
    machine.wait_for(lambda: any(s.stat().st_size > 4 * 900 for s in path.glob("sums-*")))
    trainer.kill()
    trainer.wait()
    (acked,) = machine.acked().values() or (0,)
    written = acked + survey(path).points
    file = min(path.glob("points-*"))
    base = int(file.name.removeprefix("points-"))
    summed = (path / f"sums-{base:020d}").stat().st_size // 4
    data = bytearray(file.read_bytes())
    data[HEAD + RECORD * (summed - 400) + 9] ^= 0b101
    file.write_bytes(data[: HEAD + RECORD * (summed - 100)])
    machine.up()

    found = subprocess.run(
        [*AGNEZ, "doctor", str(path)], env=machine.environment, capture_output=True, text=True
    )
    machine.agnez("sync")

    run = machine.run_named("harmed")
    arrived = sum(
        c["count"] if "count" in c else len(machine.raw(c["id"]))
        for c in machine.get(f"/runs/{run['id']}/channels")["items"]
    )
    assert run["gaps"] == 101
    assert arrived == written - 101
    assert found.returncode == 1, found.stdout + found.stderr
    assert re.search(r"cut", found.stdout)
