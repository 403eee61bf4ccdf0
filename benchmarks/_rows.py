"""
What benchmarks say: a row of figures each, printed, and kept for the one table of the README.

`./scripts/bench` sets AGNEZ_BENCH_ROWS to a file; `python benchmarks/_rows.py FILE` prints what
stands in such a file as the table.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Texts are as they are to be read; ``met`` is None without a demand."""

    benchmark: str
    what: str
    limit: str
    demand: str
    figure: str
    met: bool | None = None

    def verdict(self) -> str:
        """The last cell of the line."""
        return {True: "met", False: "**missed**", None: "shown"}[self.met]


def report(*rows: Row) -> int:
    """Print *rows* and keep them; 1 when a demand was missed, else 0: the exit status."""
    kept = os.environ.get("AGNEZ_BENCH_ROWS")
    for row in rows:
        demand = f" (demand: {row.demand}: {row.verdict()})" if row.demand else ""
        print(f"{row.benchmark}: {row.what}: {row.figure}, beside {row.limit}{demand}")
        if kept:
            with Path(kept).open("a") as file:
                file.write(json.dumps(asdict(row)) + "\n")
    return int(any(row.met is False for row in rows))


def table(rows: list[Row]) -> str:
    """*rows* as a table in Markdown, in their order."""
    lines = [
        "| benchmark | what | limit beside it | demand | measured | |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (f"`{row.benchmark}`", row.what, row.limit, row.demand, row.figure, row.verdict())
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table([Row(**json.loads(line)) for line in Path(sys.argv[1]).read_text().splitlines()]))
