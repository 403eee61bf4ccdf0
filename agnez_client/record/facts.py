"""
What is known about the place where a run runs: code, command, host, packages.

Each part is asked for alone; one that fails is left out. Nothing here is quick: it is done beside
the training.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final, NamedTuple

from agnez_client.naming import as_text
from agnez_client.record.git import git_diff, git_facts
from agnez_client.record.gpus import gpu_facts
from agnez_client.record.redact import redact_command
from agnez_client.settings import Settings
from agnez_client.spool.blobs import Blob

logger = logging.getLogger(__name__)


class Facts(NamedTuple):
    """Keys of a run's `about`, and the blobs that they name."""

    about: dict[str, Any]
    blobs: tuple[Blob, ...] = ()


def collect(settings: Settings) -> Iterator[Facts]:
    """What the setting `record` asks for, part by part, the quickest first."""
    for part in ("command", "host", "git", "packages"):
        if part not in settings.record:
            continue
        try:
            yield _PARTS[part](settings)
        except Exception as error:  # noqa: BLE001 (no fact is worth an error in training)
            logger.debug("the record of the run has no %s: %s", part, error)


def _command(settings: Settings) -> Facts:
    script = script_path()
    return Facts(
        {
            "command": [as_text(word) for word in redact_command(sys.orig_argv)],
            "script": None if script is None else as_text(str(script)),
            "directory": as_text(str(Path.cwd())),
        }
    )


def _host(settings: Settings) -> Facts:
    import psutil

    affinity = getattr(os, "sched_getaffinity", None)
    return Facts(
        {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "cpus": len(affinity(0)) if affinity else os.cpu_count(),
            "memory_bytes": psutil.virtual_memory().total,
            "gpus": gpu_facts(),
        }
    )


def _git(settings: Settings) -> Facts:
    script = script_path()
    for directory in (script.parent if script else None, Path.cwd()):
        facts = git_facts(directory) if directory is not None else None
        if facts is None or directory is None:
            continue
        diff = git_diff(directory) if settings.git_diff and facts["dirty"] else None
        if diff is None:
            return Facts({"git": facts})
        blob = Blob.of(diff, "text/x-diff")
        return Facts({"git": {**facts, "diff": blob.ref}}, (blob,))
    return Facts({})


def _packages(settings: Settings) -> Facts:
    found = {
        f"{package.metadata['Name']}=={package.version}"
        for package in metadata.distributions()
        if package.metadata["Name"]
    }
    text = "".join(f"{line}\n" for line in sorted(found, key=str.lower))
    blob = Blob.of(text.encode(errors="replace"), "text/plain")
    return Facts({"packages": {"count": len(found), "blob": blob.ref}}, (blob,))


def script_path() -> Path | None:
    """The file that Python was started with; None in a shell, a notebook, or with ``-c``."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(file).absolute() if isinstance(file, str) else None


_PARTS: Final[dict[str, Callable[[Settings], Facts]]] = {
    "command": _command,
    "host": _host,
    "git": _git,
    "packages": _packages,
}
