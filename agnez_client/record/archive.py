"""A directory as one file that is the same for the same content: a tar without times and owners."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import IO

from agnez_client.record.datasets import list_files


def write_archive(root: Path, target: IO[bytes]) -> None:
    """
    Write all files below the directory *root* to *target*, in the order of their paths.

    Links to files are followed, links to directories left out; of modes only "executable" is kept.

    Raises:
        RecordError, OSError: If a file can't be read.
    """
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, _ in list_files(root).files:
            with (root / path).open("rb") as file:
                status = os.fstat(file.fileno())
                entry = tarfile.TarInfo(path)
                entry.size = status.st_size
                entry.mode = 0o755 if status.st_mode & 0o100 else 0o644
                tar.addfile(entry, file)
