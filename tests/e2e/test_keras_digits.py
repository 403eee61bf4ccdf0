"""The example project of Keras, run as a person runs it."""

from __future__ import annotations

import subprocess
import sys

from tests.support.machine import ROOT, Machine


def test_the_example_shows_it_all(machine: Machine) -> None:
    """Figures of two epochs, histograms, images, and four cells that show something."""
    command = [sys.executable, str(ROOT / "training/keras_digits/train.py"), "--epochs", "2"]
    done = subprocess.run(
        command, env=machine.environment, capture_output=True, text=True, timeout=100
    )

    assert done.returncode == 0, done.stderr
    assert "can't be shown" not in done.stderr
    (run,) = machine.get("/runs")["items"]
    assert (run["state"], run["step"], run["total_steps"]) == ("finished", 90, 90)
    assert len(machine.raw(machine.channel(run["id"], "batch_loss")["id"])) == 90
    assert machine.channel(run["id"], "test_accuracy")["last"] > 0.5
    assert machine.channel(run["id"], "templates")["count"] == 2
    cells = {c["pos"]: c for c in machine.get("/values")}
    assert [cells[n]["name"] for n in range(4)] == ["Loss plot", "Filters", "Digits", "Mistakes"]
    assert [cells[n]["type"] for n in range(4)] == ["html", "img", "html", "img"]
    assert all(cell["value"] for cell in cells.values())
