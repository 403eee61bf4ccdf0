"""What is on disk after the process died at any moment, or the disk lost the end of the log."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agnez_server.store import Mark
from agnez_server.store.acked import Position
from agnez_server.store.glance import Glance
from tests.server.store.killed import BATCH, CHANNELS, blob_of, spool_of

KILLS = 4


def run_until_killed(directory: Path, acks: int) -> dict[int, int]:
    """Run a writing process, SIGKILL it after so many acks; points acked by channel."""
    script = Path(__file__).with_name("killed.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(directory)], stdout=subprocess.PIPE, text=True
    ) as process:
        acked: dict[int, int] = {}
        for number, line in enumerate(process.stdout, start=1):
            channel, points = map(int, line.split())
            acked[channel] = points
            if number == acks:
                process.send_signal(signal.SIGKILL)
    return acked


async def test_what_was_acked_survives_a_kill(open_store, tmp_path) -> None:
    """Every point once, in order, with its mark and document, entries, blobs and lines."""
    shuffle, acked = random.Random(4), dict.fromkeys(range(CHANNELS), 0)

    for _ in range(KILLS):
        acked |= await asyncio.to_thread(
            run_until_killed, tmp_path / "data", shuffle.randint(1, 50)
        )
        store = await open_store()
        for channel in range(CHANNELS):
            series = store.series("run", channel)
            count = store.stats(series[0].id).count if series else 0
            assert count >= acked[channel]
            assert count % BATCH == 0
            if count:
                page = store.raw(series[0].id, 0, count + 1)
                assert page.y.tolist() == list(range(count))
                mark = await store.change(lambda change, c=channel: change.mark(spool_of(c)))
                assert mark == Mark(0, count)
                document = store.committed.table("progress").get(doc_id=channel + 1)
                assert document == {"points": count}
            check_entries(store, channel, count // BATCH)
        await store.close()


def check_entries(store, channel: int, count: int) -> None:
    """There are so many of a channel, each with its blob, and as many lines."""
    lines = store.lines("run", channel, 0, 0, count + 1)
    assert [line.text for line in lines] == [str(BATCH * number) for number in range(count)]
    series = store.series("run", CHANNELS + channel)
    entries = store.entries(series[0].id, 0, count + 1) if series else []
    assert [entry.ordinal for entry in entries] == list(range(count))
    for number, entry in enumerate(entries):
        found = store.read_blob(entry.body["sha256"], 0, 1 << 30)
        assert found == blob_of(channel, number)


@pytest.fixture
async def commits(open_store, tmp_path):
    """Files of a store with 12 commits that are all in the write-ahead log, as a crash left it."""
    store = await open_store("live")
    await store.seal()
    for number in range(12):

        def work(change, number=number):
            change.docs.table("t").insert({"n": number})
            series = change.open_series("run", 0, 1, 0)
            at = list(range(number * 5, number * 5 + 5))
            change.append(series.id, at, [float(i) for i in at], at)
            change.set_mark(b"s" * 16, "run", Mark(0, number + 1))

        await store.change(work)
    shutil.copytree(tmp_path / "live", tmp_path / "crashed")
    return tmp_path / "crashed"


async def test_opening_what_was_killed_writes_nothing(open_store, commits) -> None:
    """Neither the file nor its log: copying an old log into the file would come first else."""
    files = [commits / "agnez.db", commits / "agnez.db-wal"]
    before = [file.read_bytes() for file in files]

    store = await open_store(commits.name)

    assert [file.read_bytes() for file in files] == before
    assert await commits_in(store) == 12


async def test_sqlite_tells_how_far_it_goes_in_a_log(commits) -> None:
    """All 24 + 8192 bytes of each frame behind the 32 of the head; up to a flipped bit, if any."""
    log = commits / "agnez.db-wal"
    frames = (log.stat().st_size - 32) // 8216
    sound = Glance(commits / "agnez.db")
    sound.close()
    raw = bytearray(log.read_bytes())
    raw[-100] ^= 1
    log.write_bytes(raw)
    broken = Glance(commits / "agnez.db")
    broken.close()

    assert sound.end == Position(bytes(raw[16:24]), frames)
    assert broken.end.salts == sound.end.salts
    assert 0 < broken.end.frames < frames
    assert log.read_bytes() == raw


async def test_a_cut_log_opens_to_a_whole_commit(open_store, tmp_path, commits) -> None:
    """
    Wherever it is cut: documents, points and marks of the first commits, none by halves, and how
    many are missing.
    """
    size = (commits / "agnez.db-wal").stat().st_size
    found = []
    for number, cut in enumerate([*range(0, size, size // 16), size]):
        directory = tmp_path / f"cut{number}"
        shutil.copytree(commits, directory)
        with (directory / "agnez.db-wal").open("r+b") as wal:
            wal.truncate(cut)
        store = await open_store(directory.name)
        found.append(await commits_in(store))
        lost, said = 12 - found[-1], store.store_stats().damage
        assert said is None if not lost else said.startswith(f"{lost} acknowledged commit")

    assert found == sorted(found)
    assert found[0] < found[8] < found[-1] == 12


async def test_a_flipped_bit_in_the_log_is_mended(open_store, commits) -> None:
    """All commits are there, it is said, and the log as it was is kept."""
    with (commits / "agnez.db-wal").open("r+b") as wal:
        wal.seek(-100_000, 2)
        byte = wal.read(1)[0]
        wal.seek(-100_000, 2)
        wal.write(bytes([byte ^ 8]))
    damaged = (commits / "agnez.db-wal").read_bytes()

    store = await open_store("crashed")

    assert await commits_in(store) == 12
    assert "was damaged: all" in store.store_stats().damage
    [aside] = (commits / "damaged").iterdir()
    assert aside.read_bytes() == damaged


async def commits_in(store) -> int:
    """How many commits a store holds; fails unless all parts of it agree."""
    documents = [document["n"] for document in store.committed.table("t")]
    count = len(documents)
    assert documents == list(range(count))
    assert store.raw(1, 0, 1000).y.tolist() == [float(i) for i in range(5 * count)]
    assert (await store.change(lambda change: change.mark(b"s" * 16))).points == count
    return count
