"""What git says of the code that runs; git is asked, never told to write."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Final

from agnez_client.record.redact import redact_text

TIMEOUT_S: Final = 5.0
MAX_DIFF_BYTES: Final = 16 << 20
# The configuration of a repository that somebody else made must not start programs.
_CAREFUL: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_QUIET: Final = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def git_facts(directory: Path) -> dict[str, Any] | None:
    """
    Commit, branch, whether tracked files differ from the commit (``dirty``), and the remote
    without credentials; None where *directory* is in no repository or git is not there.

    ``branch`` is None at a detached commit, ``commit`` before the first one.
    """
    try:
        if _ask(directory, "rev-parse", "--is-inside-work-tree") != "true":
            return None
        facts: dict[str, Any] = {
            "commit": _ask(directory, "rev-parse", "--verify", "-q", "HEAD"),
            "branch": _ask(directory, "symbolic-ref", "--short", "-q", "HEAD"),
            "dirty": bool(_ask(directory, "status", "--porcelain", "--untracked-files=no")),
        }
        remote = _ask(directory, "config", "--get", "remote.origin.url")
        return {**facts, "remote": redact_text(remote)} if remote else facts
    except (OSError, subprocess.SubprocessError):
        return None


def git_diff(directory: Path) -> bytes | None:
    """
    What tracked files differ from the commit, as a patch, cut at ``MAX_DIFF_BYTES``; None without
    a difference.
    """
    try:
        found = _run(directory, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD")
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout[:MAX_DIFF_BYTES] or None if found.returncode == 0 else None


def _ask(directory: Path, *words: str) -> str | None:
    found = _run(directory, *words)
    return found.stdout.decode(errors="replace").strip() or None if found.returncode == 0 else None


def _run(directory: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", "-C", str(directory), *_CAREFUL, *words],
        env={**os.environ, **_QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=TIMEOUT_S,
        check=False,
    )
