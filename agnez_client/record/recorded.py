"""What training code itself says for the record of its run, beside the points it sends."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agnez_client.errors import ParamsError, RecordError
from agnez_client.kinds.numeric import NumericChannel
from agnez_client.naming import as_name, as_text
from agnez_client.params import as_json
from agnez_client.record.archive import write_archive
from agnez_client.record.datasets import QUICK_BYTES, Content, hash_array, hash_files, list_files
from agnez_client.record.model import summarise
from agnez_client.record.system import PREFIX
from agnez_client.spool.blobs import Blob

if TYPE_CHECKING:
    from agnez_client.kinds.channel import Channel
    from agnez_client.outlet import Outlet
    from agnez_client.settings import Settings

MARKERS: Final = "markers"
MAX_NOTES: Final = 64 << 10
PATIENCE_S: Final = 3.0
"""How long the end of a run waits for a dataset that is still being hashed."""

logger = logging.getLogger(__name__)


class Recorded:
    """
    The part of a `Job` that adds to the record of its run.

    What is one for the whole run (notes, stage, steps, model) only the process that leads the run
    tells; in the others these calls do nothing, so that all ranks may run the same code.
    """

    leads: bool
    _outlet: Outlet
    _settings: Settings
    _channels: dict[str, Channel]

    def __init__(self) -> None:
        self._stage: str | None = None
        self._hashing: list[threading.Thread] = []

    if TYPE_CHECKING:

        def create_channel(
            self, channel_name: str, channel_type: str = "NUMERIC", **options: Any
        ) -> Channel:
            """See `Job`."""

        def _check_open(self) -> None: ...

    def set_params(self, params: Mapping[str, Any]) -> None:
        """
        Add to the run's parameters; see `as_json` for what becomes of values.

        Raises:
            ParamsError: If together they take more than 1 MiB.
        """
        self._check_open()
        try:
            self._outlet.define("params", params=as_json(params))
        except ValueError as error:
            raise ParamsError(f"the parameters can't be sent: {error}") from error

    def add_tags(self, *tags: str) -> None:
        """Add to the run's tags."""
        self._check_open()
        self._outlet.define("tags", tags=[str(tag) for tag in tags])

    def set_notes(self, text: str) -> None:
        """
        Say in free text what this run is about; Markdown is drawn.

        Raises:
            RecordError: If *text* is no text, or longer than 65,536 characters.
        """
        if not isinstance(text, str) or len(text) > MAX_NOTES:
            raise RecordError(f"the notes are {text!r:.60}, expected a text of at most {MAX_NOTES} "
                              "characters")  # fmt: skip
        self._set(notes=as_text(text))

    @property
    def stage(self) -> str | None:
        """What the run is doing, as "TRAIN"; None until it was said."""
        return self._stage

    def set_stage(self, stage: str) -> None:
        """
        Say what the run is doing now, as "TRAIN" or "EVALUATION"; a change is marked on the charts.

        Raises:
            RecordError: If *stage* is not one line of text.
        """
        try:
            name = as_name(stage)
        except ValueError as wrong:
            raise RecordError(f"the stage is {stage!r:.80}, expected {wrong}") from None
        self._check_open()
        if name != self._stage:
            self._stage = name
            self._set(stage=name)
            if self.leads:
                self.mark(f"stage {name}")

    def set_total_steps(self, steps: int) -> None:
        """
        Say how far x will go, so that the time that is left can be estimated.

        Raises:
            RecordError: If *steps* is not a whole number from 1 up.
        """
        if isinstance(steps, bool) or not isinstance(steps, int) or not 0 < steps < 1 << 53:
            raise RecordError(f"the total of steps is {steps!r:.60}, expected a whole number, 1 up")
        self._set(total_steps=steps)

    def _set(self, **fields: Any) -> None:
        self._check_open()
        if self.leads:
            self._outlet.record("fields", **fields)

    def mark(self, text: str, x: float | None = None, level: str = "info") -> None:
        """
        Mark that something happened, on all charts of the run.

        Args:
            text: At most 1,000 characters are kept.
            x: Where; the largest x that this process has sent so far, if not given.
            level: "info", "warning" or "error".

        Raises:
            BadPoint: In strict mode, if one of them is not what was expected.
        """
        channel: Any = self.create_channel(MARKERS, "MARKER")
        channel.send(self._current_x() if x is None else x, text, level=level)

    def _current_x(self) -> int | float:
        numbers = [c for c in list(self._channels.values()) if isinstance(c, NumericChannel)]
        return max([c.last_x for c in numbers if not c.name.startswith(PREFIX)], default=0)

    # -- files ----------------------------------------------------------------------------------

    def save_artefact(
        self,
        path: str | Path,
        name: str | None = None,
        kind: str = "file",
        x: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        keep: bool = True,
    ) -> None:
        """
        Keep a file, or a directory as one tar, as a new version of *name*. What it holds now is
        copied; the same content as last time makes no new version.

        Args:
            name: Its own name if not given, for a directory with ".tar".
            kind: "file", "checkpoint", "model" or "code".
            x: The step that it belongs to; as in `mark` if not given.
            metadata: Whatever belongs to it.
            keep: Copy it to the server. Else only path, size and hash are noted, and so they are
                where it is larger than a run's share of the spool (AGNEZ_SPOOL_RUN_LIMIT).

        Raises:
            ChannelConflict: If a channel of another type has this name.
            BadPoint: In strict mode, if *path* can't be read or something is not as expected; else
                that is logged and counted.
        """
        source = Path(path)
        suffix = ".tar" if source.is_dir() else ""
        channel: Any = self.create_channel(name or f"{source.absolute().name}{suffix}", "ARTEFACT")
        x = self._current_x() if x is None else x
        more: dict[str, Any] = {"kind": kind, "metadata": metadata}
        with contextlib.ExitStack() as undo:
            if suffix:
                try:
                    more |= {"origin": source, "mime": "application/x-tar"}
                    source = undo.enter_context(self._archived(source))
                except (OSError, RecordError) as error:
                    channel.refuse(f"{path} can't be read: {error}")
                    return
            if not self._has_room(source):
                keep = False
                logger.warning("%s is larger than the spool may be: only its hash is kept", path)
            channel.send(x, source, noted=not keep, **more)

    def _has_room(self, file: Path) -> bool:
        try:
            return file.stat().st_size <= self._settings.spool_run_limit
        except OSError:
            return True  # `send` tells what is wrong with it

    @contextlib.contextmanager
    def _archived(self, folder: Path) -> Iterator[Path]:
        """*folder* as a file beside the spool, where there is room for what is to be sent."""
        spool = self._outlet.pen.spool
        place = None if spool is None else spool.folder.path
        with tempfile.NamedTemporaryFile(dir=place, prefix="tmp-artefact-") as file:
            write_archive(folder, file)
            file.flush()
            yield Path(file.name)

    # -- datasets and models --------------------------------------------------------------------

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
            RecordError: If *name* is no name, or *source* can't be read.
        """
        try:
            fields: dict[str, Any] = {"name": as_name(name), "about": as_json(about or {})}
        except ValueError as wrong:
            raise RecordError(f"the dataset's name is {name!r:.80}, expected {wrong}") from None
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

    def _await_hashes(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
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
