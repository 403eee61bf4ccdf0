"""What a run is made of, as training code says it: its data and its model."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agnez_client.errors import RecordError
from agnez_client.naming import as_name, as_text
from agnez_client.params import as_json
from agnez_client.record.datasets import QUICK_BYTES, Content, hash_array, hash_files, list_files
from agnez_client.record.model import summarise
from agnez_client.spool.blobs import Blob

if TYPE_CHECKING:
    from agnez_client.outlet import Outlet

PATIENCE_S: Final = 3.0
"""How long the end of a run waits for a dataset that is still being hashed."""

logger = logging.getLogger(__name__)


class Used:
    """The part of a `Job` that tells of datasets and of the model."""

    leads: bool
    _outlet: Outlet

    def __init__(self) -> None:
        self._hashing: list[threading.Thread] = []

    if TYPE_CHECKING:

        def _check_open(self) -> None: ...

    def use_dataset(
        self,
        name: str,
        source: Any = None,
        *,
        hash: str | None = None,
        count: int | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Record which data the run uses.

        Args:
            source: The path of a file or a directory, an array or a tensor: its hash is computed;
                of more than 64 MiB of files beside the training, and remembered as long as nobody
                writes to them. With *hash* any text, an address for instance.
            hash: Known already, in whatever form.
            count: How many samples; of an array its length, of a directory its files, if not given.
            about: Whatever belongs to it.

        Raises:
            RecordError: If *name* is no name, *count* no number, or *source* can't be read.
        """
        try:
            fields: dict[str, Any] = {"name": as_name(name), "about": as_json(about or {})}
        except ValueError as wrong:
            raise RecordError(f"the dataset's name is {name!r:.80}, expected {wrong}") from None
        if count is not None and not (type(count) is int and 0 <= count < 1 << 53):
            raise RecordError(
                f"the dataset's count is {count!r:.60}, expected a whole number, 0 up"
            )
        self._check_open()
        if isinstance(source, str | Path):
            fields["source"] = as_text(str(source))[:2000]
        if hash is not None or source is None:
            self._tell_dataset(fields, Content(hash, 0, 0), count)
        elif not isinstance(source, str | Path):
            self._tell_dataset(fields, hash_array(source), count)
        elif self.leads:
            self._use_files(fields, Path(source), count)

    def _use_files(self, fields: dict[str, Any], path: Path, count: int | None) -> None:
        listing = list_files(path)

        def work() -> None:
            try:
                self._tell_dataset(fields, hash_files(fields["name"], listing), count)
            except RecordError as error:
                logger.warning("%s", error)

        if listing.size <= QUICK_BYTES:
            work()
            return
        self._tell_dataset(fields, Content(None, listing.size, len(listing.files)), count)
        thread = threading.Thread(target=work, name="agnez-dataset", daemon=True)
        thread.start()
        self._hashing.append(thread)

    def _tell_dataset(self, fields: dict[str, Any], found: Content, count: int | None) -> None:
        known = {"hash": found.hash, "size": found.size, "count": count or found.count}
        told = {key: value for key, value in known.items() if value}
        self._outlet.record("dataset", **fields, **told)

    def _await_hashes(self, timeout_s: float) -> None:
        deadline = time.monotonic() + min(timeout_s, PATIENCE_S)
        for thread in self._hashing:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                logger.warning("a dataset was still being hashed: the run has it without its hash")

    def set_model(self, model: Any, name: str | None = None) -> None:
        """
        Record what the model is made of.

        Args:
            model: A module of torch or a model of Keras, whose layers are listed with the numbers
                of their parameters; a text; or anything else, whose `repr` is taken.
            name: For people; its class if not given.

        Raises:
            RecordError: If it has no summary.
        """
        self._check_open()
        if not self.leads:
            return
        found = summarise(model)
        blob = Blob.of(found.text.encode(errors="replace"), "text/plain")
        facts: dict[str, Any] = {"name": as_text(name or found.name)[:200], "blob": blob.ref}
        counts: dict[str, Any] = {"parameters": found.parameters, "trainable": found.trainable}
        facts |= {key: value for key, value in counts.items() if value is not None}
        if not self._outlet.tell_about({"model": facts}, [blob]):
            logger.warning("there is no room for the summary of the model")
