"""
Figures of the machine while a run goes on: processor, memory, disk, network, graphics cards.

Processor, memory and disk are those of the process and of all its descendants; network and cards
are the host's, told by its first process only.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from agnez_client.record.gpus import gpu_figures, load_nvml
from agnez_client.spool.ranks import living

PREFIX: Final = "system/"
FIGURES: Final = {
    "cpu_percent": "100 is one core that is busy all the time",
    "memory_bytes": "resident memory; pages that processes share count for each",
    "disk_read_bytes_per_s": "",
    "disk_write_bytes_per_s": "",
    "net_sent_bytes_per_s": "",
    "net_received_bytes_per_s": "",
}


class Meter:
    """
    Reads the figures of this process and its descendants.

    Args:
        of_host: Whether to tell of the network and the cards too.
        now: A clock that only goes forward, s.
    """

    def __init__(self, *, of_host: bool, now: Callable[[], float] = time.monotonic) -> None:
        import psutil

        self._psutil: Any = psutil
        self._root = psutil.Process()
        self._now = now
        self._of_host = of_host
        self._nvml = load_nvml() if of_host else None
        self._seen: dict[Any, tuple[float, int, int]] = {}
        self._net: tuple[int, int] | None = None
        self._at = now()
        self.read()

    def read(self) -> dict[str, float]:
        """Figures by name; rates are means since the last call, and missing at the first."""
        now, before = self._now(), self._at
        elapsed, self._at = now - before, now
        cpu, memory, read, written = self._tree()
        figures = {"memory_bytes": float(memory)}
        rates: dict[str, float] = {"disk_read_bytes_per_s": read, "disk_write_bytes_per_s": written}
        if self._of_host:
            rates |= self._network()
        if elapsed > 0:
            figures["cpu_percent"] = 100 * cpu / elapsed
            figures |= {name: value / elapsed for name, value in rates.items()}
        if self._nvml is not None:
            with contextlib.suppress(Exception):
                figures |= gpu_figures(self._nvml)
        return figures

    def _tree(self) -> tuple[float, int, int, int]:
        """Seconds of processor, bytes of memory, bytes read and written since the last call."""
        cpu, memory, read, written = 0.0, 0, 0, 0
        seen: dict[Any, tuple[float, int, int]] = {}
        for process in self._processes():
            with contextlib.suppress(self._psutil.Error, OSError):
                with process.oneshot():
                    times, key = process.cpu_times(), (process.pid, process.create_time())
                    memory += process.memory_info().rss
                    mine = (times.user + times.system, *self._disk(process))
                was = self._seen.get(key, (0.0, 0, 0) if self._seen else mine)
                cpu += max(0.0, mine[0] - was[0])
                read += max(0, mine[1] - was[1])
                written += max(0, mine[2] - was[2])
                seen[key] = mine
        self._seen = seen
        return cpu, memory, read, written

    def _processes(self) -> Iterator[Any]:
        yield self._root
        with contextlib.suppress(self._psutil.Error, OSError):
            yield from self._root.children(recursive=True)

    def _disk(self, process: Any) -> tuple[int, int]:
        try:
            found = process.io_counters()  # not on macOS
        except (AttributeError, self._psutil.Error, OSError):
            return 0, 0
        return found.read_bytes, found.write_bytes

    def _network(self) -> dict[str, float]:
        found = self._psutil.net_io_counters()
        if found is None:
            return {}
        was, self._net = self._net, (found.bytes_sent, found.bytes_recv)
        sent, received = was or self._net
        return {
            "net_sent_bytes_per_s": max(0, found.bytes_sent - sent),
            "net_received_bytes_per_s": max(0, found.bytes_recv - received),
        }


def is_counted_by_ancestor(place: Path | None, run: str) -> bool:
    """
    Whether a process that this one descends from records the same run, and so counts this one.

    Args:
        place: Where the spools of this host lie; None in memory, where nobody can be asked.
    """
    import psutil

    if place is None:
        return False
    recording = {header.pid for header in living(place, run)}
    return any(process.pid in recording for process in psutil.Process().parents())
