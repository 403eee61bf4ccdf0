"""
MLSteam's form of a run, over a `Context`: values by key, series by key.

>>> from agnez_client import track
>>> run = track.init("digits")                   # doctest: +SKIP
>>> run["config/lr"] = 0.1                       # doctest: +SKIP
>>> run["train/loss"].log(0.3)                   # doctest: +SKIP
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Final

from agnez_client.context import Context
from agnez_client.errors import AgnezError, SettingsError
from agnez_client.job import Job
from agnez_client.settings import load_settings

_ARGUMENTS: Final = {"project": "project_name", "token": "api_token", "run": "track_id"}
_ALIASES: Final = {
    "project": "MLSTEAM_PROJECT",
    "token": "MLSTEAM_API_TOKEN",
    "run": "MLSTEAM_TRACK_ID",
    "url": "MLSTEAM_BACKEND",
}

logger = logging.getLogger("agnez_client")


def init(
    project_name: str | None = None,
    api_token: str | None = None,
    debug: bool = False,
    track_id: str | None = None,
) -> Track:
    """
    Begin a track, which is a run.

    Args:
        project_name: AGNEZ_PROJECT, MLSTEAM_PROJECT, else "default".
        api_token: AGNEZ_TOKEN, MLSTEAM_API_TOKEN. The server is that of AGNEZ_URL, MLSTEAM_BACKEND,
            else that of this user.
        debug: Show what the SDK logs, down to the level DEBUG.
        track_id: Id of a run to join; AGNEZ_RUN, MLSTEAM_TRACK_ID.

    Raises:
        SettingsError: If an argument or an environment variable is wrong.
    """
    if debug:
        logger.setLevel(logging.DEBUG)
        logger.addHandler(logging.StreamHandler())
    given = {"project": project_name, "token": api_token, "run": track_id}
    told = {k: v for k, v in given.items() if v}
    try:
        return Track(Context(**{**_aliased(), **told}))
    except SettingsError as wrong:
        argument = _ARGUMENTS[wrong.name] if wrong.name in told else _ALIASES.get(wrong.name)
        raise SettingsError(argument or wrong.name, wrong.found, wrong.expected) from None


def _aliased() -> dict[str, Any]:
    """What MLSteam's variables say where our own, which `Context` reads itself, are not set."""
    unset = {k: v for k, v in _ALIASES.items() if not os.environ.get(f"AGNEZ_{k.upper()}")}
    return {name: os.environ.get(variable) or None for name, variable in unset.items()}


class Track:
    """
    A run by keys: what is assigned is a parameter, what is logged a channel.

    A slash in a key of a parameter nests: ``track["config/lr"] = 0.1`` is ``{"config": {"lr":
    0.1}}``. The track ends with `stop`, with its block, or with the process.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._strict = load_settings().strict
        self._values: dict[str, Any] = {}
        self._series: dict[str, Series] = {}

    @property
    def id(self) -> str:
        """The id of the run."""
        return self._context.job.run

    @property
    def job(self) -> Job:
        """The run as the SDK has it."""
        return self._context.job

    def __setitem__(self, key: str, value: Any) -> None:
        """
        Set a parameter; a mapping sets all that is in it.

        Raises:
            ParamsError: If together the parameters take more than 1 MiB.
            RunClosed: If the track has ended.
        """
        first, *inner = _parts(key)
        if inner:
            above = self._values.get(first)
            branch = dict(above) if isinstance(above, Mapping) else {}
            _set_in(branch, inner, value)
            value = branch
        self._values[first] = dict(value) if isinstance(value, Mapping) else value
        self._context.params.load({first: self._values[first]})

    def __getitem__(self, key: str) -> Any:
        """The parameter that was set as *key*, else the series of this name, to log to."""
        found: Any = self._values
        for part in _parts(key):
            if not isinstance(found, Mapping) or part not in found:
                return self._series.setdefault(key, Series(self._context.job, key, self._strict))
            found = found[part]
        return found

    def tags_set(self, tags: Iterable[str]) -> None:
        """Add *tags* to the run's; tags that it has stay."""
        self._context.job.add_tags(*([tags] if isinstance(tags, str) else tags))

    def tags_add(self, *tags: str) -> None:
        """Add *tags* to the run's."""
        self.tags_set(tags)

    def stop(self) -> None:
        """End the run and ship what is left; a second call does nothing."""
        self._context.finish()

    def __enter__(self) -> Track:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._context.__exit__(kind, error, trace)


class Series:
    """A NUMERIC channel that is made with its first value."""

    def __init__(self, job: Job, name: str, strict: bool) -> None:
        self._job, self._name, self._strict = job, name, strict
        self._said = False

    def log(self, value: Any, step: int | float | None = None) -> None:
        """
        Take one value; what is none is counted, and told once in the log.

        Args:
            step: x; the next step by default.

        Raises:
            AgnezError: With AGNEZ_STRICT, if the value, the step or the name is wrong, or the track
                has ended.
        """
        try:
            self._job.create_channel(self._name).send(x=step, y=value)
        except AgnezError as error:
            if self._strict:
                raise
            if not self._said:
                self._said = True
                logger.warning("%r was not logged: %s (said once)", self._name, error)

    def __repr__(self) -> str:
        return f"<series {self._name!r}: nothing was assigned to it, log() takes values>"


def _parts(key: str) -> list[str]:
    """The names between the slashes of *key*; at least one."""
    return [part for part in key.split("/") if part] or [key]


def _set_in(branch: dict[str, Any], path: list[str], value: Any) -> None:
    """Set *value* at *path*; what stands in its way and is no mapping is replaced."""
    for part in path[:-1]:
        below = branch.get(part)
        branch[part] = dict(below) if isinstance(below, Mapping) else {}
        branch = branch[part]
    branch[path[-1]] = value
