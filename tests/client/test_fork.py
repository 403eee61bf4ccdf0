"""Rule 8: a forked child has a spool of its own, and what it leaves is not lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from agnez_client.spool.lock import take_orphan
from tests.client.ingest_server import IngestServer
from tests.client.scripts import Script
from tests.client.spools import new_spool

Python = Callable[..., Script]
BEGIN = """
    import os, sys, time
    from agnez_client import Context
    ctx = Context(url=os.environ["URL"], project="p")
    loss = ctx.job.create_channel("loss", "NUMERIC")
    ctx.job.create_chart([loss], "Loss", "step", "y")
"""


def all_of(server: IngestServer) -> list[int]:
    """x of all points of all spools, sorted."""
    return sorted(int(x) for s in server.spools.values() for x, _ in s.channel("loss"))


def test_a_child_sends_through_a_spool_of_its_own(server: IngestServer, python: Python) -> None:
    """Same run, another spool and session; definitions are in it, so it can stand alone."""
    script = python(
        BEGIN
        + """
    loss.send(x=0, y=0.0)
    pid = os.fork()
    if pid == 0:
        for i in range(1, 1000):
            loss.send(x=i, y=0.0)
        ctx.finish()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    loss.send(x=1000, y=0.0)
    ctx.finish()
    """,
        URL=server.url,
    )
    status, _, errors = script.end()

    assert status == 0, errors
    parent, child = sorted(server.spools.values(), key=lambda s: s.session)
    assert parent.run == child.run
    assert parent.session < child.session
    assert [x for x, _ in parent.channel("loss")] == [0, 1000]
    assert [x for x, _ in child.channel("loss")] == list(range(1, 1000))
    assert [e["kind"] for e in child.events[:3]] == ["run", "channel", "chart"]


def test_a_child_does_not_end_the_run(server: IngestServer, python: Python) -> None:
    """Only the process that began the run sets its state."""
    script = python(
        BEGIN
        + """
    pid = os.fork()
    if pid == 0:
        loss.send(x=1, y=0.0)
        sys.exit(0)
    os.waitpid(pid, 0)
    ctx.finish()
    """,
        URL=server.url,
    )
    status, _, errors = script.end()

    assert status == 0, errors
    states = [e["state"] for s in server.spools.values() for e in s.of_kind("state")]
    assert states == ["finished"]
    assert all_of(server) == [1]


def test_a_child_that_sends_nothing_makes_nothing(server: IngestServer, python: Python) -> None:
    """No file, no thread, no descriptor of the parent's spool before its first send."""
    script = python(
        BEGIN
        + """
    import threading
    place = ctx.job.spool_folder.parent
    before = sorted(os.listdir(place))
    pid = os.fork()
    if pid == 0:
        links = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
                 if os.path.exists(f"/proc/self/fd/{n}")]
        maps = open("/proc/self/maps").read()
        held = [l for l in links if str(place) in l] or str(place) in maps
        same = sorted(os.listdir(place)) == before and threading.active_count() == 1
        os._exit(0 if same and not held else 1)
    assert os.waitpid(pid, 0)[1] == 0
    ctx.finish()
    """,
        URL=server.url,
    )
    status, _, errors = script.end()

    assert status == 0, errors
    assert len(server.spools) == 1


def test_the_parent_sends_what_a_worker_left(server: IngestServer, python: Python) -> None:
    """Workers that end by `os._exit` flush nothing: the parent adopts, the run still going on."""
    script = python(
        BEGIN
        + """
    for worker in range(3):
        pid = os.fork()
        if pid == 0:
            for i in range(100):
                loss.send(x=worker * 100 + i, y=0.0)
            os._exit(0)
        os.waitpid(pid, 0)
    print("left")
    sys.stdin.readline()
    ctx.finish()
    """,
        URL=server.url,
    )
    assert script.line() == "left"
    server.wait_for(lambda: server.points() == 300)
    script.tell()
    status, _, errors = script.end()

    assert status == 0, errors
    assert all_of(server) == list(range(300))
    place = Path(os.environ["AGNEZ_SPOOL"])
    assert list(place.glob("*/*")) == []


def test_the_last_words_of_a_worker_are_sent_before_the_end(
    server: IngestServer, python: Python
) -> None:
    """A run that ends right after its worker did sends the worker's points too."""
    script = python(
        BEGIN
        + """
    pid = os.fork()
    if pid == 0:
        for i in range(20_000):
            loss.send(x=i, y=0.0)
        os._exit(0)
    os.waitpid(pid, 0)
    ctx.finish()
    """,
        URL=server.url,
    )
    status, _, errors = script.end()

    assert status == 0, errors
    assert all_of(server) == list(range(20_000))


def test_a_worker_that_outlives_the_owner_goes_on(server: IngestServer, python: Python) -> None:
    """The owner is killed; its worker's own spool goes on, the owner's is an orphan."""
    script = python(
        BEGIN
        + """
    loss.send(x=0, y=0.0)
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(w)
        loss.send(x=1, y=0.0)
        os.write(1, b"begun\\n")
        os.read(r, 1)  # until the owner is dead
        loss.send(x=2, y=0.0)
        ctx.job.finish()
        os.write(1, b"through\\n")
        os._exit(0)
    os.close(r)
    os.write(1, f"{ctx.job.spool_folder}\\n".encode())
    time.sleep(60)
    """,
        URL=server.url,
    )
    words = {script.line(), script.line()}
    folder = Path((words - {"begun"}).pop())
    server.wait_for(lambda: server.points() == 2)
    script.process.kill()
    assert script.line() == "through"

    assert all_of(server) == [0, 1, 2]
    fd = take_orphan(folder)
    assert fd is not None or not folder.exists()
    if fd is not None:
        os.close(fd)


def test_pools_of_multiprocessing_lose_nothing(server: IngestServer, python: Python) -> None:
    """A pool of forked workers, as data loaders use it."""
    script = python(
        """
    import multiprocessing, os
    from agnez_client import Context
    def work(n):
        loss.send(x=n, y=float(n))
        return n
    if __name__ == "__main__":
        ctx = Context(url=os.environ["URL"])
        loss = ctx.job.create_channel("loss", "NUMERIC")
        with multiprocessing.get_context("fork").Pool(3) as pool:
            pool.map(work, range(200), chunksize=5)
            pool.close()
            pool.join()
        ctx.finish()
    """,
        URL=server.url,
    )
    status, _, errors = script.end()

    assert status == 0, errors
    assert all_of(server) == list(range(200))


def test_alive_means_that_the_lock_is_held(tmp_path: Path) -> None:
    """A process whose pid stands in the header may be long gone, and its pid another's."""
    spool, _ = new_spool(tmp_path)
    path = spool.folder.path
    assert path is not None

    assert take_orphan(path) is None
    spool.abandon()
    fd = take_orphan(path)
    assert fd is not None
    assert spool.header.pid == os.getpid()
    os.close(fd)


def test_forks_in_the_midst_of_sending_never_hang(server: IngestServer, python: Python) -> None:
    """Parent and children send while the parent forks again and again, the sender at work."""
    script = python(
        BEGIN
        + """
    children = []
    for n in range(30):
        for i in range(300):
            loss.send(x=n * 1000 + i, y=0.0)
        pid = os.fork()
        if pid == 0:
            loss.send(x=n * 1000 + 500, y=0.0)
            os._exit(0)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 30
    ctx.finish()
    """,
        URL=server.url,
        AGNEZ_FLUSH_TIMEOUT="30",
    )
    status, _, errors = script.end()

    assert status == 0, errors
    expected = {n * 1000 + i for n in range(30) for i in (*range(300), 500)}
    assert all_of(server) == sorted(expected)
