"""Figures of the machine, beside what is known of the load."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from agnez_client.protocol import new_ulid
from agnez_client.record.system import Meter, is_counted_by_ancestor
from tests.client.spools import Clock, new_spool


def test_a_busy_child_counts() -> None:
    """One that burns 0.3 s of processor: the figure is that time over the elapsed one."""
    clock = Clock()
    meter = Meter(of_host=False, now=clock)
    code = "import time, sys\nwhile time.process_time() < 0.3: pass\nprint(); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        clock.time += 2.0
        before = time.process_time()
        figures = meter.read()
        child.communicate()

    assert figures["cpu_percent"] >= 100 * 0.25 / 2  # the clock ticks in 10 ms
    assert figures["cpu_percent"] <= 100 * (0.6 + before) / 2
    own = psutil.Process().memory_info().rss
    assert 0.5 * own < figures["memory_bytes"] < 3 * own


def test_writes_to_the_disk_are_a_rate(tmp_path: Path) -> None:
    """8 MiB in 4 s."""
    clock = Clock()
    meter = Meter(of_host=False, now=clock)
    with (tmp_path / "data").open("wb") as file:
        file.write(bytes(8 << 20))
        file.flush()
        os.fsync(file.fileno())
    clock.time += 4.0
    figures = meter.read()

    # A file system in memory counts nothing, and then there is nothing to tell.
    counted = psutil.Process().io_counters().write_bytes > 0
    assert figures["disk_write_bytes_per_s"] >= (2 << 20 if counted else 0)


def test_the_network_is_told_for_the_host_alone() -> None:
    """By one process of it."""
    clock = Clock()
    host, other = Meter(of_host=True, now=clock), Meter(of_host=False, now=clock)
    clock.time += 1.0

    assert "net_sent_bytes_per_s" in host.read()
    assert "net_sent_bytes_per_s" not in other.read()


def test_rates_are_never_negative() -> None:
    """A child that is gone takes its figures with it."""
    clock = Clock()
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as child:
        meter = Meter(of_host=False, now=clock)
        child.communicate(b"\n")
    clock.time += 1.0

    assert min(meter.read().values()) >= 0.0


def test_a_process_below_one_that_records_is_counted_there(tmp_path: Path) -> None:
    """By the header of a living spool of the same run, whose process is above this one."""
    run = new_ulid()
    spool, _ = new_spool(tmp_path, run=run)
    code = (
        "import sys; from pathlib import Path;"
        "from agnez_client.record.system import is_counted_by_ancestor as f;"
        "print(f(Path(sys.argv[1]), sys.argv[2]))"
    )

    def asked(run: str) -> str:
        command = [sys.executable, "-c", code, str(tmp_path), run]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert asked(run) == "True"
    assert asked(new_ulid()) == "False"
    assert not is_counted_by_ancestor(tmp_path, run)
    assert not is_counted_by_ancestor(None, run)
    spool.abandon()
    assert asked(run) == "False"
