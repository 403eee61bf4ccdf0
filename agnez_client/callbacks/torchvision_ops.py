"""
Lets torchvision be imported where its compiled part can't be loaded. Import this before whatever
imports torchvision: lightning (over torchmetrics), transformers.

A torchvision for CUDA beside a torch for CPUs fails with "operator torchvision::nms does not exist"
as soon as it is imported, though most of it needs no compiled part. The operators that it expects
are declared here, without a body: its transforms and models work, and what needs the body says so.
Nothing is done where torchvision works, is not there, or was imported already.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from typing import Any, Final

import torch

SCHEMA: Final = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
OPERATORS: Final = ("nms", "qnms")

_declared: list[Any] = []
"""Declarations live as long as this does."""


def declare_missing() -> bool:
    """Declare what a broken torchvision misses; returns whether it was one."""
    folder = _folder()
    if folder is None or "torchvision" in sys.modules or _declared or _loads(folder):
        return False
    library = torch.library.Library("torchvision", "DEF")
    for name in OPERATORS:
        library.define(name + SCHEMA)
    _declared.append(library)
    return True


def _folder() -> Path | None:
    """Where torchvision lies, without importing it."""
    try:
        found = importlib.util.find_spec("torchvision")
    except (ImportError, ValueError):
        return None
    places = list((found and found.submodule_search_locations) or [])
    return Path(places[0]) if places else None


def _loads(folder: Path) -> bool:
    """Whether the compiled part is there and can be loaded; it is loaded once for all then."""
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        file = folder / f"_C{suffix}"
        if file.exists():
            try:
                torch.ops.load_library(str(file))
            except (ImportError, OSError):
                return False
            return True
    return False


declare_missing()
