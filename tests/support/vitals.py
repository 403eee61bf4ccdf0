"""What a process takes of its machine over time, and whether that stays as it is."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGESIZE")


def of_process(pid: int) -> dict[str, float]:
    """Resident memory in MB, threads and open descriptors of a living process."""
    place = Path(f"/proc/{pid}")
    return {
        "memory": int((place / "statm").read_text().split()[1]) * _PAGE / 1e6,
        "threads": sum(1 for _ in (place / "task").iterdir()),
        "descriptors": sum(1 for _ in (place / "fd").iterdir()),
    }


def folder_mb(folder: Path) -> float:
    """MB of all files below *folder*, as far as they are there."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total / 1e6


@dataclass
class Curve:
    """One figure over time: seconds and values."""

    seconds: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, second: float, value: float) -> None:
        """One more sample."""
        self.seconds.append(second)
        self.values.append(value)

    def settled(self) -> Curve:
        """The second half: in the first one caches fill, of which each has its limit."""
        first = len(self.values) // 2
        return Curve(self.seconds[first:], self.values[first:])

    def growth(self) -> float:
        """
        By how much it grew over all its time, as the median slope between its samples says.

        Source: Sen 1968, "Estimates of the regression coefficient based on Kendall's tau": a few
        odd samples don't move it. 0 of fewer than two samples.
        """
        at = range(0, len(self.values), max(1, len(self.values) // 200))
        slopes = [
            (self.values[b] - self.values[a]) / (self.seconds[b] - self.seconds[a])
            for a in at
            for b in at
            if self.seconds[b] > self.seconds[a]
        ]
        return statistics.median(slopes) * (self.seconds[-1] - self.seconds[0]) if slopes else 0.0


class Vitals:
    """Curves by name, each with how much it may grow."""

    def __init__(self) -> None:
        self.curves: dict[str, Curve] = {}

    def add(self, second: float, name: str, values: dict[str, float]) -> None:
        """Samples of one moment, each kept under *name* and its own name."""
        for key, value in values.items():
            self.curves.setdefault(f"{name} {key}", Curve()).add(second, value)

    def growing(self, margins: Iterable[tuple[str, float, float]]) -> list[str]:
        """
        What is not flat: of each margin the end of a name, a share of the median, and a least.

        A curve may grow by the larger of the two once it has settled.
        """
        found = []
        for end, share, least in margins:
            for name, curve in self.curves.items():
                if name.endswith(end):
                    settled = curve.settled()
                    grown, usual = settled.growth(), statistics.median(settled.values)
                    if grown > max(least, share * usual):
                        found.append(f"{name} grew by {grown:.1f} from about {usual:.1f}")
        return found

    def figure(self, name: str, unit: str) -> str:
        """A curve in words: what it usually was, its most, and its growth."""
        curve = self.curves[name].settled()
        return (
            f"{name} {statistics.median(curve.values):.0f} {unit} "
            f"(most {max(self.curves[name].values):.0f}, slope {curve.growth():+.1f})"
        )
