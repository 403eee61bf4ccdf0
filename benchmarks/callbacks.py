"""
What `watch` costs a training loop of torch, beside the same loop without it.

    python benchmarks/callbacks.py

Loops of a small convolutional network take turns, a block of steps each: one bare (twice: the A/A
control), one watched with the defaults, one with gradients looked at every ten steps. A round is a
block of each; the figure is the median over rounds of the ratio to the bare block beside it, in
time of the processor. Nothing is delivered: the spool has no server.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from agnez_client import Context
from agnez_client.callbacks.torch import watch

STEPS = 100
"""Steps of a block: one reading of what `every=100` reads falls into each."""
Block = Callable[[], None]


def network() -> Any:
    """Some 120,000 parameters for pictures of 3 x 32 x 32."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def block_of(watched: dict[str, Any] | None) -> tuple[Block, Any]:
    """A block of steps on a network of its own, and its watch."""
    model, criterion = network(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    images, labels = torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,))
    seen = None if watched is None else watch(model, optimizer, criterion=criterion, **watched)

    def block() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            criterion(model(images), labels).backward()
            optimizer.step()

    return block, seen


def timed(block: Block) -> float:
    """Seconds of a step, of the thread that trains: others on the machine are left out."""
    start = time.thread_time()
    block()
    return (time.thread_time() - start) / STEPS


def measure(rounds: int, folder: Path) -> dict[str, float]:
    """All figures: ms, and ratios to the bare loop."""
    with Context(url="http://127.0.0.1:9", spool=folder) as ctx:
        kinds: dict[str, dict[str, Any] | None] = {
            "bare": None,
            "a_a": None,
            "watched": {"job": ctx.job, "prefix": "a/"},
            "rare_norms": {"job": ctx.job, "prefix": "b/", "norms_every": 10},
        }
        blocks = {name: block_of(watched) for name, watched in kinds.items()}
        found: dict[str, list[float]] = {name: [] for name in blocks}
        for number in range(rounds + 1):
            for name, (block, _) in blocks.items():
                duration = timed(block)
                if number:  # the first round warms up
                    found[name].append(duration)
        for _, seen in blocks.values():
            if seen is not None:
                seen.close()
        dropped = ctx.job.dropped
        ctx.job.finish(timeout_s=0)
    ratios = {
        name: statistics.median(a / b for a, b in zip(durations, found["bare"], strict=True))
        for name, durations in found.items()
    }
    return {"step_ms": 1000 * statistics.median(found["bare"]), **ratios, "dropped": dropped}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(rounds, Path(folder))
    print(json.dumps({name: round(value, 4) for name, value in found.items()}, indent=1))
    assert not found["dropped"], "the spool was full: fewer rounds"


if __name__ == "__main__":
    main()
