"""
The demo behind `scripts/demo`: a server, a training beside it, until Ctrl-C.

The two are processes of their own, out of reach of the terminal's Ctrl-C: the training is ended
first and says goodbye to its run, then the server is.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
ADDRESS = re.compile(r"https?://[\w.\[\]:-]+:\d+[\w/-]*")

events: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
"""What happened, by kind: "address" of the server, "server" or "training" ended, "stop"."""


def parse_arguments() -> argparse.Namespace:
    """The demo's options; 0 or less is refused where it makes no sense."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Watch a model train.")
    parser.add_argument("--port", type=int, default=3000, help="0 picks a free one")
    parser.add_argument("--data", type=Path, default=ROOT / ".agnez" / "demo", metavar="DIR")
    parser.add_argument("--seconds", type=float, help="end after this time, with status 0")
    parser.add_argument("--epochs", type=int, default=60, help="epochs of each of the three runs")
    given = parser.parse_args()
    if given.seconds is not None and given.seconds <= 0:
        parser.error(f"--seconds must be more than 0, found {given.seconds:g}")
    return given


@contextlib.contextmanager
def child(kind: str, command: list[str], **more: str) -> Iterator[subprocess.Popen[str]]:
    """A process whose output we pass on and whose end we learn; ended with the block."""
    env = {**os.environ, **more, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    threading.Thread(target=relay, args=(kind, process, process.stdout), daemon=True).start()
    try:
        yield process
    finally:
        stop(process)


def relay(kind: str, process: subprocess.Popen[str], output: IO[str]) -> None:
    """Pass *output* on line by line, telling of an address in it and of the end."""
    for line in output:
        sys.stdout.write(f"  {kind} | {line}")
        sys.stdout.flush()
        if found := ADDRESS.search(line):
            events.put(("address", found.group()))
    events.put((kind, f"ended with status {process.wait()}"))


def stop(process: subprocess.Popen[str]) -> None:
    """Ask the process to end, and insist when it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_address() -> str:
    """The server's address, once it listens."""
    try:
        kind, text = events.get(timeout=START_TIMEOUT_S)
    except queue.Empty:
        sys.exit(f"demo: the server gave no address within {START_TIMEOUT_S:g} s")
    if kind == "server":
        sys.exit(f"demo: the server {text}, its reason stands above")
    if kind == "stop":
        sys.exit(0)
    return text


def serve(address: str, end: float | None) -> int:
    """Stay until asked to stop, or until *end*; 1 when the server ended by itself."""
    while True:
        try:
            kind, text = events.get(timeout=end and max(0.0, end - time.monotonic()))
        except queue.Empty:
            return 0
        if kind == "stop":
            return 0
        if kind == "server":
            sys.stderr.write(f"demo: the server {text}\n")
            return 1
        if kind == "training":
            banner(f"The training {text}.", f"Its charts stay at {address} until Ctrl-C.")


def banner(*lines: str) -> None:
    """*lines* between rules, so that they are found among the output."""
    rule = "=" * (2 + max(len(line) for line in lines))
    sys.stdout.write("\n".join(["", rule, *(f" {line}" for line in lines), rule, "", ""]))
    sys.stdout.flush()


def main() -> int:
    """Run the demo; returns the exit status."""
    given = parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: events.put(("stop", "")))
    agnez = str(Path(sys.executable).with_name("agnez"))
    server = [agnez, "up", "--port", str(given.port), "--data", str(given.data)]
    train = [sys.executable, str(ROOT / "training/digits/train.py"), "--epochs", str(given.epochs)]
    with child("server", server):
        address = wait_for_address()
        end = None if given.seconds is None else time.monotonic() + given.seconds
        banner("Agnez is open:", "", f"    {address}", "", "Ctrl-C ends it.")
        spool = str(given.data.resolve() / "spool")
        with child("training", train, AGNEZ_URL=address, AGNEZ_SPOOL=spool):
            status = serve(address, end)
    again = shlex.join([os.path.relpath(agnez), "up", "--data", os.path.relpath(given.data)])
    banner(f"The runs are kept in {given.data}.", f"See them again: {again}")
    return status


if __name__ == "__main__":
    sys.exit(main())
