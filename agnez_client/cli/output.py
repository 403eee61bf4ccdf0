"""How verbs answer: JSON for programs, tables and sparklines for people."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_BARS: Final = "▁▂▃▄▅▆▇█"
_ODD: Final = "×"
_COMMANDS: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""What a terminal obeys or hides: escape sequences, and signs that turn the order of text."""


def printable(text: str) -> str:
    """*text* with "?" for what would command a terminal instead of standing in it."""
    return _COMMANDS.sub("?", text)


def json_option(command: Command) -> Command:
    """The flag `--json`, as the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")(command)


def write_json(value: object) -> None:
    """*value* as indented JSON on standard output; what commands a terminal is escaped in it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo(_COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> None:
    """
    A table on standard output; a cell is never cut when the output is not a terminal.

    Args:
        columns: Headings. Those which also stand in *right*, words apart, hold numbers and are
            aligned to the right.
        rows: Cells as text, as many as there are headings.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        justify = "right" if name in right.split() else "left"
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=10_000)
    console.print(table, soft_wrap=not console.is_terminal)


def number(value: object) -> str:
    """A number for people: six significant digits, "NaN" and "Infinity" as sent, "-" for none."""
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def seconds(value: float | None) -> str:
    """A duration in s as the two largest units: "45 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"."""
    if value is None:
        return "-"
    whole = int(value)
    for size, unit, below, smaller in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // below} {smaller}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def size(count: int) -> str:
    """A number of bytes in the largest unit that leaves a whole: "512 B", "1.5 MiB"."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.4g} {unit}"
        value /= 1024
    return f"{value:.4g} TiB"


def moment(text: str | None) -> str:
    """A time of the API (ISO 8601, UTC) in the local zone, to the second."""
    if not text:
        return "-"
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"


def wall_time(wall_us: float) -> str:
    """µs UTC as ISO 8601 with a Z."""
    return datetime.fromtimestamp(wall_us / 1e6, UTC).isoformat().replace("+00:00", "Z")


def sparkline(values: Sequence[float], width: int) -> str:
    """
    *values* in at most *width* characters, the largest of each cell; "×" for NaN and infinity.

    Empty input gives an empty line; equal values give a flat one at half height.
    """
    if not values:
        return ""
    cells = min(width, len(values))
    edges = [len(values) * i // cells for i in range(cells + 1)]
    tops = [_top(values[a:b]) for a, b in itertools.pairwise(edges)]
    finite = [top for top in tops if math.isfinite(top)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    return "".join(_bar(top, low, high) for top in tops)


def _top(cell: Sequence[float]) -> float:
    odd = [v for v in cell if not math.isfinite(v)]
    return odd[0] if odd else max(cell)


def _bar(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return _ODD
    half_span = high / 2 - low / 2  # the whole span of the largest floats would be infinite
    share = (value / 2 - low / 2) / half_span if half_span > 0 else 0.5
    return _BARS[min(int(share * len(_BARS)), len(_BARS) - 1)]
