"""Runs proofs and benchmarks one after another, and makes tables of what they found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PARTS: Final = ("faults", "hostile", "speed", "peers")
_HOSTILE: Final = ("hostile", "fuzz", "schemathesis", "stored_script")
_MINUTES: Final = {
    "test_soak": 11.0, "test_kills": 9.0, "test_ranks": 2.0, "page": 11.0, "store_view": 4.0,
    "peers": 10.0, "loop": 4.0, "callbacks": 2.0,
}  # fmt: skip
"""What takes longer than a minute, on two cores."""


@dataclass(frozen=True)
class Job:
    """One file of tests or one benchmark."""

    part: str
    name: str
    command: tuple[str, ...]

    @property
    def minutes(self) -> float:
        """About how long it takes."""
        return _MINUTES.get(self.name, 1.0)


def jobs(part: str) -> Iterator[Job]:
    """All that belongs to *part*."""
    if part in ("faults", "hostile"):
        yield from _tests(part)
    else:
        for file in sorted((ROOT / "benchmarks").glob("[!_]*.py")):
            if (file.stem == "peers") == (part == "peers"):
                yield Job(part, file.stem, (sys.executable, str(file.relative_to(ROOT))))


def _tests(part: str) -> Iterator[Job]:
    pytest = (sys.executable, "-m", "pytest", "-q", "-s", "-o", "timeout=3600")
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        is_hostile = any(word in file.stem for word in _HOSTILE)
        marked = "pytest.mark.proof" in file.read_text("utf-8")
        path = str(file.relative_to(ROOT))
        if part == "hostile" and is_hostile:
            yield Job(part, file.stem, (*pytest, path))
        if part == "faults" and marked and not is_hostile:
            yield Job(part, file.stem, (*pytest, "-m", "proof", path))


def chosen(words: Sequence[str]) -> list[Job]:
    """
    What *words* name: parts, and within the part before them files (`-` is as good as `_`) or
    proofs.

    Raises:
        SystemExit: If nothing has such a name.
    """
    wanted: dict[str, list[str]] = {}
    for word in words or PARTS:
        if word in PARTS:
            wanted[word] = []
        elif wanted:
            wanted[list(wanted)[-1]].append(word)
        else:
            raise SystemExit(f"prove: there is no part {word!r}; there are {', '.join(PARTS)}")
    return [job for part, names in wanted.items() for job in _named(part, names)]


def _named(part: str, names: Sequence[str]) -> list[Job]:
    every = list(jobs(part))
    if not names:
        return every
    found = list[Job]()
    for name in names:
        word = name.replace("-", "_")
        exact = [job for job in every if job.name in (word, f"test_{word}")]
        matches = exact or [j for j in every if word in j.name] or _proving(name, every)
        if not matches:
            known = ", ".join(job.name.removeprefix("test_") for job in every)
            raise SystemExit(f"prove: {part} has nothing named {name!r}; it has {known}")
        found += [job for job in matches if job not in found]
    return found


def _proving(name: str, every: Sequence[Job]) -> list[Job]:
    """The files whose proof is *name*, as tables have it; its beginning may be computed."""
    texts = [(job, (ROOT / job.command[-1]).read_text("utf-8")) for job in every]
    computed = f'}}-{name.rpartition("-")[2]}"'
    return [j for j, text in texts if f'"{name}"' in text] or [
        j for j, text in texts if computed in text
    ]


def run(job: Job, environment: Mapping[str, str]) -> bool:
    """Whether it succeeded; its output is shown as it comes."""
    print(f"\n== {job.part} {job.name}, about {job.minutes:g} min", flush=True)
    began = time.monotonic()
    done = subprocess.run(job.command, cwd=ROOT, env=dict(environment), check=False)
    print(f"   {time.monotonic() - began:.0f} s, {'ok' if not done.returncode else 'FAILED'}")
    return done.returncode == 0


def lines_of(file: Path) -> list[dict[str, Any]]:
    """The JSON lines of *file*; none if it is not there."""
    return (
        [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    )


def proof_table(rows: Sequence[Mapping[str, str]]) -> str:
    """What was proved, in Markdown; figures of one thing, tried in several ways, in one line."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        found.setdefault((row["proof"], row["what"]), {})[row["figure"]] = None
    lines = ["| proof | what was done, and held | figures |", "|---|---|---|"]
    for (proof, what), figures in found.items():
        lines.append(f"| `{proof}` | {what} | {'; '.join(figures)} |")
    return "\n".join(lines)


def benchmark_table(file: Path) -> str:
    """The rows of the benchmarks, in Markdown."""
    command = [sys.executable, "benchmarks/_rows.py", str(file)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def missed(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The demands that were not met."""
    return [f"{r['benchmark']}: {r['what']}: {r['figure']}" for r in rows if r["met"] is False]


def announce(todo: Sequence[Job]) -> None:
    """Say what comes, and how long it takes."""
    for part in dict.fromkeys(job.part for job in todo):
        group = [job for job in todo if job.part == part]
        names = ", ".join(job.name.removeprefix("test_") for job in group)
        print(f"{part}: about {sum(job.minutes for job in group):.0f} min: {names}")


def main() -> int:
    """0 when everything was proved, 1 when not."""
    words = [word for word in sys.argv[1:] if word != "--list"]
    todo = chosen(words)
    announce(todo)
    if "--list" in sys.argv[1:]:
        return 0
    folder = ROOT / "results" / time.strftime("%Y-%m-%d-%H%M%S")
    folder.mkdir(parents=True)
    proofs, rows = folder / "proofs.jsonl", folder / "benchmarks.jsonl"
    environment = {**os.environ, "AGNEZ_FULL": "1", "AGNEZ_PROOF_ROWS": str(proofs),
                   "AGNEZ_BENCH_ROWS": str(rows)}  # fmt: skip
    failed = [f"{job.part} {job.name}" for job in todo if not run(job, environment)]
    return conclude(folder, failed)


def conclude(folder: Path, failed: Sequence[str]) -> int:
    """Print and keep the tables; the exit status."""
    proofs, rows = folder / "proofs.jsonl", folder / "benchmarks.jsonl"
    tables = []
    if proofs.exists():
        tables.append("## Proofs\n\n" + proof_table(lines_of(proofs)))
    if rows.exists():
        tables.append("## Benchmarks\n\n" + benchmark_table(rows))
    text = "\n\n".join(tables) + "\n"
    (folder / "tables.md").write_text(text, "utf-8")
    print(f"\n{text}\nkept in {folder.relative_to(ROOT)}/")
    troubles = [f"failed: {name}" for name in failed]
    troubles += [f"missed: {one}" for one in missed(lines_of(rows))]
    print("\n".join(troubles or ["everything held"]))
    return int(bool(troubles))


if __name__ == "__main__":
    raise SystemExit(main())
