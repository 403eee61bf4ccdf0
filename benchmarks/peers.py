"""
What the same things cost with other trackers, in one run with Agnez.

    python benchmarks/peers.py                  # all of them: at most nine minutes
    python benchmarks/peers.py trackio mlflow   # these, and Agnez
    python benchmarks/peers.py --small          # a quick try: at most two minutes
    python benchmarks/peers.py --write          # the table goes into benchmarks/README.md

Each peer stands in a virtual environment of its own below `.agnez/peers`, made when it is missing
(the minutes count from behind that), with the versions of `PEERS`; one that can't be installed is
named with the reason. It is called as its documentation says, with its defaults, through
`peers/<name>_peer.py`; nothing may leave the machine. Cell by cell the peers take turns; a cell has
a time limit, and a fixed loop of pure Python is timed beside it. `cost`, `durable` and `kill` are
repeated twice as far as the minutes reach, and medians shown. What a cell is: README.md, "Peers".

The table is printed and kept in `results/`, with all figures in JSON beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PLACE = Path(__file__).resolve().parent
sys.path.insert(0, str(PLACE / "peers"))

import leash  # noqa: E402
import words  # noqa: E402
from _rows import Row, report  # noqa: E402
from cells import SMALL, Cells, Size  # noqa: E402

ROOT = PLACE.parent
ENVIRONMENTS = ROOT / ".agnez" / "peers"
README = PLACE / "README.md"
PEERS = {
    "trackio": ("trackio==0.43.0",),
    # TensorBoard needs pkg_resources, which newer setuptools don't bring.
    "tensorboardx": ("tensorboardX==2.6.5", "tensorboard==2.21.0", "setuptools==80.9.0"),
    "wandb": ("wandb==0.31.0",),
    "mlflow": ("mlflow==3.17.2",),
    "aim": ("aim==3.29.1",),
}
INSTALL_S = 600
ROUNDS = (("cost", "durable", "kill", "page", "live"), *[("cost", "kill", "durable")] * 2)
LONG_S = 12.0
"""A durable cell that takes longer is not repeated."""
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"


def interpreter(name: str) -> Path | str:
    """The Python that has *name*, or why there is none."""
    if name == "agnez":
        return Path(sys.executable)
    folder = ENVIRONMENTS / name
    python, stamp, wanted = folder / "bin/python", folder / "installed", "\n".join(PEERS[name])
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    print(f"peers: installing {name}", flush=True)
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PEERS[name]]
    for command in ([sys.executable, "-m", "venv", str(folder)], pip):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
        except subprocess.TimeoutExpired:
            return f"not installed within {INSTALL_S} s"
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            errors = [line for line in said if line.startswith("ERROR")] or said
            return f"does not install: {errors[-1][:120]}"
    stamp.write_text(wanted)
    return python


def title(name: str) -> str:
    """*name* with the versions that are measured."""
    if name == "agnez":
        from agnez_client import __version__

        return f"**Agnez {__version__}**"
    pins = (pin.split("==") for pin in PEERS[name] if not pin.startswith("setuptools"))
    return ", ".join(" ".join(pin) for pin in pins)


def calibration_ms() -> float:
    """How long the fixed loop takes now: 400,000 additions."""
    start, total = time.perf_counter(), 0
    for number in range(400_000):
        total += number
    return (time.perf_counter() - start) * 1e3


def measured(peers: list[Cells], until: float, rounds: int) -> dict[str, list[float]]:
    """Measure *peers*, in turns; the calibration loops beside each cell."""
    loops: dict[str, list[float]] = {}
    took: dict[tuple[str, str], float] = {}
    for number, cells in enumerate(ROUNDS[:rounds]):
        for cell in cells:
            turn = peers
            if number:
                turn = [p for p in peers if cell != "durable" or took[p.name, cell] < LONG_S]
                # A round of which not all would have a turn is none.
                if time.monotonic() + sum(took[p.name, cell] for p in turn) > until:
                    continue
            for peer in turn:
                loop = calibration_ms()
                loops.setdefault(cell, []).append(loop)
                took[peer.name, cell] = peer.measure(cell, until - time.monotonic())
                tell(peer, cell, took[peer.name, cell], loop)
    return loops


def tell(peer: Cells, cell: str, seconds: float, loop: float) -> None:
    """One line for a cell that is done."""
    text = words.said(peer, cell, getattr(words, cell))
    said = text if isinstance(text, str) else "; ".join(text)
    print(f"{cell:8}{peer.name:13}{said}  [{seconds:.1f} s, loop {loop:.0f} ms]", flush=True)


def keep(table: str, peers: list[Cells], loops: dict[str, list[float]]) -> Path:
    """Put the table and the figures behind it into `results/`."""
    folder = ROOT / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"peers-{time.strftime('%Y-%m-%d-%H%M%S')}.md"
    path.write_text(table + "\n")
    figures = {p.name: {"found": p.found, "failed": p.failed} for p in peers}
    path.with_suffix(".json").write_text(json.dumps({"peers": figures, "loop_ms": loops}, indent=1))
    return path


def write(readme: Path, table: str) -> None:
    """Put *table* between the two markers of *readme*; ValueError where they are missing."""
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has no {BEGIN} or no {END} behind it")
    readme.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--small", action="store_true", help="a quick try")
    parser.add_argument("--minutes", type=float, help="stop measuring then (8.5; small: 1.8)")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    given = parser.parse_args()
    if unknown := set(given.names) - {*PEERS, "agnez"}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    given.minutes = given.minutes or (1.8 if given.small else 8.5)
    return given


def summary(peers: list[Cells]) -> int:
    """The row for the table of all benchmarks."""
    costs = {p.name: words.line(p, p.name)[1] for p in peers}
    own = costs.pop("agnez")
    beside = "; ".join(f"{name} {text}" for name, text in costs.items())
    return report(Row("peers", "a log call, median / p99", beside or "none", "", own))


def main() -> int:
    """Measure and print the table; 0 even where a peer failed, which its cells say."""
    given = asked()
    # A benchmark that is told to stop ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = ["agnez", *(n for n in given.names or PEERS if n != "agnez")]
    found = {name: interpreter(name) for name in names}
    size = SMALL if given.small else Size()
    with leash.kept() as folder:
        peers = [Cells(n, p, folder, size) for n, p in found.items() if isinstance(p, Path)]
        until = time.monotonic() + given.minutes * 60
        loops = measured(peers, until, 1 if given.small else len(ROUNDS))
    lines = [words.line(peer, title(peer.name)) for peer in peers]
    for name, reason in found.items():
        if isinstance(reason, str):
            lines.append([title(name), reason, *["–"] * (len(words.COLUMNS) - 2)])
    table = words.table([*lines, words.calibration(loops)])
    print(f"\n{table}\n\nkept in {os.path.relpath(keep(table, peers, loops))}")
    if given.write:
        write(README, table)
    return summary(peers)


if __name__ == "__main__":
    sys.exit(main())
