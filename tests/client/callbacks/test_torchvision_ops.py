"""Lightning and transformers are there though torchvision's compiled part can't be loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from agnez_client.callbacks import torchvision_ops

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
        cwd=folder,
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


def test_a_broken_one_can_be_imported(broken: Path) -> None:
    """On its own it can't; after ours it can."""
    done = python(
        "try: import torchvision\n"
        "except RuntimeError as error: print(error)\n"
        "import agnez_client.callbacks.torchvision_ops, torchvision\n"
        "print(torchvision.__file__)",
        broken,
    )

    assert done.stdout.splitlines() == [
        "operator torchvision::nms does not exist",
        str(broken / "torchvision" / "__init__.py"),
    ], done.stderr


@pytest.mark.skipif(not REAL.is_dir(), reason="scripts/test puts the published torchvision there")
def test_the_published_one_works_as_far_as_it_can() -> None:
    """Its transforms do; an operator without its body says what is wrong, where it is broken."""
    done = python(
        "import agnez_client.callbacks.lightning, agnez_client.callbacks.transformers\n"
        "import torch, torchvision\n"
        "from torchvision.transforms import v2\n"
        "print(v2.functional.hflip(torch.arange(3)[None, None]).tolist())\n"
        "try: print(torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5).tolist())\n"
        "except RuntimeError as error: print('load custom C++ ops' in str(error))",
        REAL,
    )

    assert done.stdout.splitlines() in (["[[[2, 1, 0]]]", "True"], ["[[[2, 1, 0]]]", "[0]"])


@pytest.mark.parametrize("is_there", [False, True], ids=["absent", "works"])
def test_only_a_broken_one_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    """Where there is none, or one whose compiled part loads, nothing is declared."""
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(torchvision_ops, "_declared", [])
    monkeypatch.setattr(torchvision_ops, "_folder", lambda: tmp_path if is_there else None)
    monkeypatch.setattr(torch.ops, "load_library", lambda path: None)
    (tmp_path / "_C.so").write_bytes(b"")

    assert not torchvision_ops.declare_missing()
    assert not hasattr(torch.ops.torchvision, "nms")
