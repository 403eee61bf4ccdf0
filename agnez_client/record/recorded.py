"""What training code itself says for the record of its run, beside the points it sends."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agnez_client.errors import ParamsError, RecordError
from agnez_client.kinds.numeric import NumericChannel
from agnez_client.naming import as_name, as_text
from agnez_client.params import as_json, read_params
from agnez_client.record.archive import write_archive
from agnez_client.record.redact import redact_params
from agnez_client.record.system import PREFIX
from agnez_client.record.used import Used
from agnez_client.shown import shown

if TYPE_CHECKING:
    from agnez_client.kinds.channel import Channel
    from agnez_client.settings import Settings

MARKERS: Final = "markers"
MAX_NOTES: Final = 64 << 10

logger = logging.getLogger(__name__)


class Recorded(Used):
    """
    The part of a `Job` that adds to the record of its run.

    What is one for the whole run (notes, stage, steps, model) only the process that leads the run
    tells; in the others these calls do nothing, so that all ranks may run the same code.
    """

    _settings: Settings
    _channels: dict[str, Channel]

    def __init__(self) -> None:
        super().__init__()
        self._stage: str | None = None
        self._hidden: set[str] = set()

    if TYPE_CHECKING:

        def create_channel(
            self, channel_name: str, channel_type: str = "NUMERIC", **options: Any
        ) -> Channel:
            """See `Job`."""

    def set_params(self, params: Mapping[str, Any]) -> None:
        """
        Add to the run's parameters; see `as_json` for what becomes of values. Texts that their
        names call secrets leave as ``***``, unless AGNEZ_REDACT is 0.

        Raises:
            ParamsError: If *params* is no mapping, or together they take more than 1 MiB.
        """
        self._check_open()
        try:
            found = as_json(read_params(params))
            if self._settings.redact:
                found = self._without_secrets(found)
            self._outlet.define("params", params=found)
        except ValueError as error:
            raise ParamsError(f"the parameters can't be sent: {error}") from error

    def _without_secrets(self, params: dict[str, Any]) -> dict[str, Any]:
        found, hidden = redact_params(params)
        new = [name for name in hidden if name not in self._hidden]
        self._hidden.update(new)
        if new and self.leads:
            logger.warning(
                "parameters that look like secrets are sent as ***: %s (AGNEZ_REDACT=0 sends them)",
                as_text(", ".join(new))[:1000],
            )
        return found

    def add_tags(self, *tags: str) -> None:
        """Add to the run's tags; a list of them counts as its elements."""
        self._check_open()
        lists = [tag if isinstance(tag, list | tuple | set) else [tag] for tag in tags]
        self._outlet.define("tags", tags=[str(tag) for one in lists for tag in one])

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
            RecordError: If *path* is no path.
            ChannelConflict: If a channel of another type has this name.
            BadPoint: In strict mode, if *path* can't be read or something is not as expected; else
                that is logged and counted.
        """
        if not isinstance(path, str | Path):
            raise RecordError(
                f"the artefact is {shown(path)}, expected the path of a file or directory"
            )
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
