"""Parameters of a run: from a YAML file, a mapping or keywords, read as attributes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agnez_client.errors import ParamsError
from agnez_client.shown import shown

Source = str | Path | Mapping[str, Any] | None
_DEEPEST = 20


class Params:
    """
    What was set, by name: ``params.lr``, ``params["lr"]``, ``params.content``.

    Args:
        changed: Told what was set.
    """

    def __init__(self, changed: Callable[[dict[str, Any]], None]) -> None:
        object.__setattr__(self, "_content", {})
        object.__setattr__(self, "_changed", changed)

    @property
    def content(self) -> dict[str, Any]:
        """All parameters, as they were set."""
        return dict(self._content)

    def define(self, name: str, value: Any) -> None:
        """Set one parameter; it travels with the run."""
        self.load({name: value})

    def load(self, source: Source = None, /, **more: Any) -> None:
        """
        Set parameters from *source* (the path of a YAML file, or a mapping), then from keywords.

        Raises:
            ParamsError: If the file can't be read or is no mapping, or a name is no text.
        """
        found = {**read_params(source), **more}
        if found:
            self._changed(found)
        self._content.update(found)

    def get(self, name: str, default: Any = None) -> Any:
        """One parameter, or *default* if it was not set."""
        return self._content.get(name, default)

    def __getattr__(self, name: str) -> Any:
        content: dict[str, Any] = self.__dict__.get("_content", {})
        try:
            return content[name]
        except KeyError:
            known = ", ".join(map(str, content)) or "none"
            raise AttributeError(f"there is no parameter {name!r}; set are: {known}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.define(name, value)

    def __setitem__(self, name: str, value: Any) -> None:
        self.define(name, value)

    def __getitem__(self, name: str) -> Any:
        return self._content[name]

    def __contains__(self, name: object) -> bool:
        return name in self._content

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self._content)

    def __repr__(self) -> str:
        return f"Params({self._content!r})"


def read_params(source: Source) -> dict[str, Any]:
    """
    *source* as a dictionary; a text is the path of a YAML file. None and an empty file give none.

    Raises:
        ParamsError: If it can't be read, is no mapping or has a key that is no text.
    """
    if isinstance(source, str | Path):
        source = _read_yaml(Path(source))
    if source is None:
        return {}
    if not isinstance(source, Mapping):
        raise ParamsError(f"parameters are {shown(source)}, expected a mapping of names to values")
    for name in source:
        if not isinstance(name, str) or not name:
            raise ParamsError(f"the parameter name {name!r} is not a text")
    return dict(source)


def _read_yaml(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParamsError(f"the parameters {path} can't be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"the parameters {path} are not YAML: {error}") from error


def as_json(value: Any, depth: int = 0) -> Any:
    """
    *value* as JSON can hold it: NaN and infinity become texts, arrays lists, what is unknown its
    `repr`, at most 1000 characters.
    """
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 1 << 63 else str(int(value))
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return float(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {str(k): as_json(v, depth + 1) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [as_json(v, depth + 1) for v in value]
        if hasattr(value, "tolist") and getattr(value, "size", 0) != 0 and _is_small(value):
            return as_json(value.tolist(), depth + 1)
    return str(value) if isinstance(value, Path) else repr(value)[:1000]


def _is_small(value: Any) -> bool:
    size = value.numel() if hasattr(value, "numel") else value.size
    return bool(size <= 1000)
