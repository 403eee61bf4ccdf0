"""Processes of one run get different ranks, however they came to be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import Context
from agnez_client.launchers import Told
from agnez_client.protocol import new_ulid
from agnez_client.spool.header import SpoolHeader
from agnez_client.spool.ranks import chosen_rank, living_ranks
from agnez_client.spool.spool import Spool
from tests.client.ingest_server import IngestServer
from tests.client.scripts import Script
from tests.client.spools import budget

Python = Callable[..., Script]
RUN = new_ulid()


def make(place: Path, told: Told | None = None, forks: int = 0, run: str = RUN) -> Spool:
    """A spool as a process makes it."""
    with chosen_rank(place, run, told, forks) as rank:
        return Spool.create(SpoolHeader.new(run, rank, None, "host"), place, budget())


def test_the_lowest_free_number_is_taken(tmp_path: Path) -> None:
    """0, 1, 2; the second dies, and the next one stands in for it."""
    spools = [make(tmp_path) for _ in range(3)]
    spools[1].abandon()
    spools.append(make(tmp_path))

    assert [s.header.rank for s in spools] == [0, 1, 2, 1]
    for spool in spools:
        spool.abandon()


def test_other_runs_take_nothing(tmp_path: Path) -> None:
    """Each run counts from 0."""
    spools = [make(tmp_path, run=new_ulid()) for _ in range(2)]

    assert [s.header.rank for s in spools] == [0, 0]
    for spool in spools:
        spool.abandon()


def test_who_adopts_a_spool_does_not_keep_its_rank(tmp_path: Path) -> None:
    """The dead one's successor has the number, though another process holds the lock."""
    dead = make(tmp_path)
    path = dead.folder.path
    assert path is not None
    dead.abandon()
    adopted = Spool.adopt(path, budget())
    assert adopted is not None

    assert living_ranks(tmp_path, RUN) == set()
    successor = make(tmp_path)
    assert successor.header.rank == 0
    adopted.abandon()
    successor.abandon()


def test_a_told_rank_is_taken_while_it_is_free(tmp_path: Path) -> None:
    """A child that inherits RANK=1 of 4 becomes 5, the next one 9: no host has these twice."""
    spools = [make(tmp_path, Told(1, 4)) for _ in range(3)]

    assert [s.header.rank for s in spools] == [1, 5, 9]
    for spool in spools:
        spool.abandon()


def test_a_forked_child_never_takes_what_its_parent_was_told(tmp_path: Path) -> None:
    """Not even when the parent is dead: it may be started again."""
    child = make(tmp_path, Told(1, 4), forks=1)

    assert child.header.rank == 5
    child.abandon()


def test_without_a_place_forks_are_counted() -> None:
    """In memory nobody can be asked: parents count their children."""
    with chosen_rank(None, RUN, None, 2) as rank:
        assert rank == 2
    with chosen_rank(None, RUN, Told(1, 4), 2) as rank:
        assert rank == 9
    with chosen_rank(None, RUN, Told(1, 4)) as rank:
        assert rank == 1


def test_sixty_four_processes_at_once_have_sixty_four_ranks(
    server: IngestServer, python: Python
) -> None:
    """All of them join one run in the same moment, without a launcher."""
    script = python(
        """
    import os, sys
    from agnez_client import Context
    go, all_here, told = os.pipe(), os.pipe(), os.pipe()
    def wait(pipe):
        os.close(pipe[1])
        os.read(pipe[0], 1)
    for n in range(64):
        if os.fork() == 0:
            wait(go)
            ctx = Context()
            ctx.job.create_channel("loss").send(x=0, y=float(n))
            os.write(told[1], b".")
            wait(all_here)
            ctx.finish()
            os.write(told[1], b".")
            os._exit(0)
    for pipe in (go, all_here):
        os.close(pipe[1])
        for n in range(64):
            os.read(told[0], 1)
    """,
        AGNEZ_RUN=new_ulid(),
        AGNEZ_URL=server.url,
        AGNEZ_FLUSH_TIMEOUT="30",
    )
    status, _, errors = script.end()

    assert status == 0, errors
    assert sorted(s.rank for s in server.spools.values()) == list(range(64))
    assert sorted(y for s in server.spools.values() for _, y in s.channel("loss")) == list(
        map(float, range(64))
    )


FAMILY = """
    import multiprocessing, os, subprocess, sys
    from agnez_client import Context

    def work(n, url, run):
        ctx = Context(url=url, run=run)
        ctx.job.create_channel("loss").send(x=n, y=float(n))
        ctx.finish()

    if __name__ == "__main__":
        ctx = Context(url=os.environ["URL"])
        loss = ctx.job.create_channel("loss")
        loss.send(x=0, y=0.0)
        if os.fork() == 0:
            loss.send(x=1, y=1.0)
            ctx.finish()
            os._exit(0)
        os.wait()
        spawned = multiprocessing.get_context("spawn").Process(
            target=work, args=(2, os.environ["URL"], ctx.job.run))
        spawned.start()
        spawned.join()
        joined = "from agnez_client import Context;"
        joined += "ctx = Context(); ctx.job.create_channel('loss').send(x=3, y=3.0); ctx.finish()"
        environment = {**os.environ, "AGNEZ_RUN": ctx.job.run, "AGNEZ_URL": os.environ["URL"]}
        subprocess.run([sys.executable, "-c", joined], env=environment, check=True)
        ctx.finish()
"""


@pytest.mark.parametrize(
    ("environment", "ranks"),
    [({}, (0, 1)), ({"RANK": "2", "WORLD_SIZE": "8", "LOCAL_RANK": "0"}, (2, 10))],
    ids=["alone", "torchrun"],
)
def test_children_have_ranks_beside_their_living_parent(
    server: IngestServer,
    python: Python,
    tmp_path: Path,
    environment: dict[str, str],
    ranks: tuple[int, int],
) -> None:
    """Forked, spawned and joined, one after the other: each takes the same free number."""
    program = tmp_path / "family.py"
    program.write_text("\n".join(line[4:] for line in FAMILY.splitlines()))
    script = python(
        f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')",
        URL=server.url,
        **environment,
    )
    status, _, errors = script.end()

    assert status == 0, errors
    found = {s.channel("loss")[0][0]: s.rank for s in server.spools.values()}
    parent, child = ranks
    assert found == {0: parent, 1: child, 2: child, 3: child}


def test_a_resumed_process_has_its_old_rank(server: IngestServer, python: Python) -> None:
    """The one of rank 1 is killed; who joins next is 1 again, in a new session."""
    code = """
    import sys
    from agnez_client import Context
    ctx = Context()
    ctx.job.create_channel("loss").send(x=0, y=0.0)
    print("begun")
    sys.stdin.readline()
    ctx.finish()
    """
    run = new_ulid()
    first, second = (python(code, AGNEZ_RUN=run, AGNEZ_URL=server.url) for _ in range(2))
    assert {first.line(), second.line()} == {"begun"}
    server.wait_for(lambda: len(server.spools) == 2)
    killed = next(h for h in _headers() if h.rank == 1)
    dying = first if first.process.pid == killed.pid else second
    dying.process.kill()
    dying.process.wait()
    third = python(code, AGNEZ_RUN=run, AGNEZ_URL=server.url)
    assert third.line() == "begun"
    server.wait_for(lambda: len(server.spools) == 3)

    ranks = sorted((s.rank, s.session) for s in server.of_run(run))
    assert [rank for rank, _ in ranks] == [0, 1, 1]
    assert ranks[1][1] == killed.session


def _headers() -> list[SpoolHeader]:
    from agnez_client.orphans import spool_folders

    (place,) = Path(os.environ["AGNEZ_SPOOL"]).iterdir()
    return [header for _, header in spool_folders(place)]


def test_two_runs_in_one_process_are_both_of_rank_0(begin: Callable[..., Context]) -> None:
    """Ranks are numbers within a run."""
    folders = [begin().job.spool_folder for _ in range(2)]

    ranks = [h.rank for h in _headers() if any(f and f.name == h.spool for f in folders)]
    assert ranks == [0, 0]
