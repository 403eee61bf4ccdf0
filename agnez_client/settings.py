"""
Every setting of the training side: its environment variable, its default, what it is for.

An argument wins over the environment, which wins over the default. `docs/sdk.md` lists them all;
a test compares.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from agnez_client.errors import SettingsError
from agnez_client.naming import as_name
from agnez_client.protocol import is_ulid

PARTS = ("git", "packages", "host", "command")
"""What `record` may name."""

logger = logging.getLogger(__name__)


def setting(default: Any, help: str, *, env: str) -> Any:
    """A field with its explanation, and the environment variable that sets it."""
    return field(default=default, metadata={"help": help, "env": env})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Sizes in bytes, times in seconds."""

    url: str | None = setting(
        None,
        "Address of the server, as http://host:3000; without one the server that this user "
        "started with `agnez up`, else points wait in the spool",
        env="AGNEZ_URL",
    )
    token: str | None = setting(
        None, "Token with the scope write, where the server asks for one", env="AGNEZ_TOKEN"
    )
    spool: Path | None = setting(
        None,
        "Directory of the spools; without one `agnez/spool` in the user's state directory",
        env="AGNEZ_SPOOL",
    )
    run: str | None = setting(
        None, "Id (ULID) of a run of another process to join", env="AGNEZ_RUN"
    )
    project: str = setting("default", "Project of new runs", env="AGNEZ_PROJECT")
    experiment: str = setting("default", "Experiment of new runs", env="AGNEZ_EXPERIMENT")
    strict: bool = setting(
        False, "Raise an error for a bad point instead of counting it", env="AGNEZ_STRICT"
    )
    spool_min_free: int = setting(
        1 << 30,
        "Free bytes that a file system must have to be chosen for the spool",
        env="AGNEZ_SPOOL_MIN_FREE",
    )
    spool_run_limit: int = setting(
        1 << 30,
        "Most bytes that one run keeps in spools; newer points are refused and counted",
        env="AGNEZ_SPOOL_RUN_LIMIT",
    )
    spool_user_limit: int = setting(
        4 << 30, "The same for all runs of one user together", env="AGNEZ_SPOOL_USER_LIMIT"
    )
    max_pixels: int = setting(
        100_000_000, "Most pixels of an image that `send()` takes", env="AGNEZ_MAX_PIXELS"
    )
    flush_timeout: float = setting(
        10.0,
        "Longest time that the end of a run waits for the server; what is not sent then stays "
        "in the spool",
        env="AGNEZ_FLUSH_TIMEOUT",
    )
    record: tuple[str, ...] = setting(
        PARTS,
        "What is recorded about the run by itself: some of git, packages, host, command, with "
        "commas; 0 is nothing",
        env="AGNEZ_RECORD",
    )
    git_diff: bool = setting(
        False, "Record what differs from the commit as well", env="AGNEZ_GIT_DIFF"
    )
    redact: bool = setting(
        True,
        "Send parameters whose names look like those of secrets as ***",
        env="AGNEZ_REDACT",
    )
    console: bool = setting(True, "Record what is written to the console", env="AGNEZ_CONSOLE")
    system_interval: float = setting(
        5.0,
        "Seconds between two readings of processor, memory, disk, network and GPUs; 0 reads none",
        env="AGNEZ_SYSTEM_INTERVAL",
    )


_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def load_settings(environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """
    Settings from *given* (None means "not given"), then *environ*, then the defaults.

    Args:
        environ: The environment, that of the process by default.

    Raises:
        SettingsError: If a value is not what its setting expects; names the argument or the
            variable that it came from.
    """
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for f in fields(Settings):
        name = sources[f.name] = f.metadata["env"]
        if given.get(f.name) is not None:
            values[f.name], sources[f.name] = given[f.name], f.name
        elif env.get(name, "").strip():
            values[f.name] = _parse(name, env[name].strip(), str(f.type))
    return _checked(Settings(**values), sources)


def _parse(name: str, text: str, type: str) -> Any:
    if type == "bool":
        if text.lower() not in _TRUE | _FALSE:
            raise SettingsError(name, text, "1 or 0")
        return text.lower() in _TRUE
    if type.startswith("tuple"):
        return _parts(name, text.lower())
    if type in ("int", "float"):
        try:
            number = int(text) if type == "int" else float(text)
        except ValueError:
            number = -1
        if not 0 <= number < float("inf"):
            raise SettingsError(name, text, "a number that is not negative")
        return number
    return _path(name, text) if type.startswith("Path") else text


def _path(name: str, text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise SettingsError(name, text, "a path; that user has no home directory") from None


def _parts(name: str, text: str) -> tuple[str, ...]:
    if text in _TRUE | _FALSE:
        return PARTS if text in _TRUE else ()
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not set(found) <= set(PARTS):
        raise SettingsError(name, text, f"0, 1, or some of {','.join(PARTS)}")
    return found


def _checked(settings: Settings, sources: Mapping[str, str]) -> Settings:
    """*settings*, where they are fine; *sources* says where each comes from."""
    run, url = settings.run, settings.url
    if run is not None and not (isinstance(run, str) and is_ulid(run)):
        raise SettingsError(sources["run"], run, "the id of a run: 26 characters (a ULID)")
    if url is not None and not (isinstance(url, str) and url.startswith(("http://", "https://"))):
        raise SettingsError(sources["url"], url, "an address as http://host:3000")
    for name in ("project", "experiment"):
        try:
            as_name(getattr(settings, name))
        except ValueError as wrong:
            raise SettingsError(sources[name], getattr(settings, name), str(wrong)) from None
    return settings


def state_directory() -> Path:
    """Where the SDK keeps its state: `agnez` in the user's state directory."""
    return Path(platformdirs.user_state_dir("agnez", appauthor=False))
