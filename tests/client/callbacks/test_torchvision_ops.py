"""Frameworks are there though the compiled part of torchvision can't be loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
REAL = ROOT / ".venv" / "torchvision"
"""The published torchvision, for CUDA, beside a torch for CPUs; `scripts/test` puts it there."""

# What the published one does when its compiled part does not load: it says how an operator behaves
# that nobody has declared.
BROKEN = """
import torch

__version__ = "0.28.0"

@torch.library.register_fake("torchvision::nms")
def nms(dets, scores, iou_threshold):
    return scores
"""


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A program that finds torchvision in *folder*."""
    path = os.pathsep.join([str(folder), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder with a torchvision that fails as the published one does."""
    package = tmp_path / "broken" / "torchvision"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(BROKEN)
    (package / "_C.so").write_bytes(b"for another torch")
    return package.parent


def test_lightning_is_there(broken: Path) -> None:
    """On its own it is not; after ours it is, and so is torchvision."""
    alone = python("import torchvision", broken)
    ours = python(
        "import agnez_client.callbacks.lightning, lightning.pytorch, torchvision;"
        "import agnez_client.callbacks.transformers;"
        "print(torchvision.__file__)",
        broken,
    )

    assert "operator torchvision::nms does not exist" in alone.stderr
    assert ours.stdout.strip() == str(broken / "torchvision" / "__init__.py"), ours.stderr


@pytest.mark.skipif(not REAL.is_dir(), reason="scripts/test puts the published torchvision there")
def test_the_published_one_works_as_far_as_it_can() -> None:
    """Its transforms do; an operator without its body says what is wrong, where it is broken."""
    done = python(
        "import agnez_client.callbacks.lightning, torch, torchvision\n"
        "from torchvision.transforms import v2\n"
        "print(v2.functional.hflip(torch.arange(3)[None, None]).tolist())\n"
        "try: print(torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5).tolist())\n"
        "except RuntimeError as error: print('load custom C++ ops' in str(error))",
        REAL,
    )

    assert done.stdout.splitlines() in (["[[[2, 1, 0]]]", "True"], ["[[[2, 1, 0]]]", "[0]"])


@pytest.mark.parametrize("file", [None, "_D.so"], ids=["absent", "no compiled part at all"])
def test_only_a_broken_one_is_touched(tmp_path: Path, file: str | None) -> None:
    """Where there is none, nothing is declared; one without a compiled part is broken too."""
    folder = tmp_path / "place"
    folder.mkdir()
    if file is not None:
        (folder / "torchvision").mkdir()
        (folder / "torchvision" / "__init__.py").write_text("")
        (folder / "torchvision" / file).write_bytes(b"")
    done = python(
        "import importlib.util, torch, agnez_client.callbacks.torchvision_ops as ops\n"
        "print(hasattr(torch.ops.torchvision, 'nms'), ops.declare_missing())",
        folder,
    )

    assert done.stdout.split() == [str(file is not None), "False"], done.stderr
