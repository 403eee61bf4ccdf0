"""
The hash of a dataset: the same for the same content, wherever it lies.

A file: SHA-256 of its bytes. A directory: SHA-256 of a list of its files, one a line in the order
of their paths' bytes, as `sha256sum` prints it, so that a shell computes the same. An array:
SHA-256 of its type, its shape and its elements in C order.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from agnez_client.errors import RecordError
from agnez_client.settings import state_directory

QUICK_BYTES: Final = 64 << 20
"""What is not larger is hashed at once, other files beside the training."""
SAY_EVERY_S: Final = 10.0
_PIECE: Final = 1 << 20
_MOST_KNOWN: Final = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Content:
    """``hash`` as "sha256:…", None while it is not known; ``size`` in bytes; ``count`` of files."""

    hash: str | None
    size: int
    count: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a dataset, and a signature that changes when one of them is written to."""

    root: Path
    files: tuple[tuple[str, int], ...]
    """Path below ``root`` with ``/``, and size in bytes; in the order of the paths' bytes."""
    is_directory: bool
    signature: str

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(size for _, size in self.files)


def list_files(root: Path) -> Listing:
    """
    The file *root*, or all files below it; links to files are followed, links to directories not.

    Raises:
        RecordError: If there is nothing, or it can't be read.
    """
    if root.exists() and not root.is_dir() and not root.is_file():
        raise RecordError(f"the dataset {root} is neither a file nor a directory")
    try:
        paths = sorted(_walk(root), key=os.fsencode) if root.is_dir() else [""]
        digest, files = hashlib.sha256(), []
        for path in paths:
            status = (root / path).stat() if path else root.stat()
            files.append((path, status.st_size))
            digest.update(os.fsencode(path) + b"\0")
            digest.update(f"{status.st_size} {status.st_mtime_ns} {status.st_ino}\n".encode())
    except OSError as error:
        raise RecordError(f"the dataset {root} can't be read: {error.strerror}") from error
    return Listing(root, tuple(files), root.is_dir(), digest.hexdigest())


def _walk(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root, onerror=_fail):
        below = os.path.relpath(folder, root)
        for name in names:
            if (path := Path(folder, name)).is_file() or _leads_nowhere(path):
                yield name if below == "." else f"{below}/{name}".replace(os.sep, "/")


def _leads_nowhere(path: Path) -> bool:
    """A link without a target is an error, what is no file (a socket, a device) is left out."""
    return path.is_symlink() and not path.exists()


def _fail(error: OSError) -> None:
    raise error


def hash_files(name: str, listing: Listing) -> Content:
    """
    The content of *listing*; what was hashed before and has not been written to is remembered.

    Raises:
        RecordError: If a file can't be read.
    """
    known = _remembered(listing)
    if known is None:
        try:
            known = _hash(name, listing)
        except OSError as error:
            raise RecordError(f"the dataset {name!r} can't be read: {error}") from error
        _remember(listing, known)
    return known


def _hash(name: str, listing: Listing) -> Content:
    whole, done, say_at = hashlib.sha256(), 0, time.monotonic() + SAY_EVERY_S
    digest = whole
    for path, _ in listing.files:
        digest = hashlib.sha256()
        with (listing.root / path if path else listing.root).open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                done += len(piece)
                if time.monotonic() > say_at:
                    say_at = time.monotonic() + SAY_EVERY_S
                    logger.info("dataset %r: %d of %d MiB hashed", name, done >> 20,
                                listing.size >> 20)  # fmt: skip
        if listing.is_directory:
            whole.update(f"{digest.hexdigest()}  ".encode() + os.fsencode(path) + b"\n")
    found = whole if listing.is_directory else digest
    return Content(f"sha256:{found.hexdigest()}", listing.size, len(listing.files))


def hash_array(array: Any) -> Content:
    """
    The content of an array, or of a tensor on any device; ``count`` is the length of its first
    axis.

    Raises:
        RecordError: If it is none, or its elements are Python objects.
    """
    if hasattr(array, "detach"):
        array = array.detach().cpu().numpy()
    found = np.asarray(array)
    if found.dtype.hasobject:
        raise RecordError(f"a dataset of type {found.dtype} has no hash: give one with hash=…")
    digest = hashlib.sha256(f"{found.dtype.str} {found.shape}\n".encode())
    digest.update(np.ascontiguousarray(found).reshape(-1).view(np.uint8).data)
    count = found.shape[0] if found.ndim else 1
    return Content(f"sha256:{digest.hexdigest()}", found.nbytes, count)


# -- what was hashed before ----------------------------------------------------------------------


def _memory() -> Path:
    return state_directory() / "hashes.json"


def _recall() -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_memory().read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _remembered(listing: Listing) -> Content | None:
    found = _recall().get(_key(listing))
    if not isinstance(found, dict) or found.pop("signature", None) != listing.signature:
        return None
    with contextlib.suppress(TypeError):
        return Content(**found)
    return None


def _remember(listing: Listing, content: Content) -> None:
    """Several processes may do so at once: one of them wins, the others hash again some day."""
    known = _recall()
    known.pop(_key(listing), None)
    known[_key(listing)] = {"signature": listing.signature, **asdict(content)}
    kept = dict(list(known.items())[-_MOST_KNOWN:])
    temporary = _memory().with_name(f".hashes.{os.getpid()}.{time.monotonic_ns()}")
    with contextlib.suppress(OSError):
        _memory().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(json.dumps(kept), encoding="utf-8")
        temporary.replace(_memory())


def _key(listing: Listing) -> str:
    return os.fsencode(listing.root.absolute()).decode(errors="replace")
