"""
Queries and forms as the npm package `qs` reads them: ``a[$in][0]=x&$sort[pos]=1``.

What that package would drop, or take for something else than was written, is refused instead: a
condition that gets lost on its way makes ``DELETE /values?…`` remove every record. So names such
as ``constructor`` are plain names, a list may be as long as it is, a name is a value, a list or an
object and not two of them, and ``a[][b]=`` is to be numbered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_plus

from agnez_server.checks import shown
from agnez_server.errors import BadRequest

MAX_PARAMETERS: Final = 10_000
MAX_DEPTH: Final = 32
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(slots=True)
class _Node:
    """What was given under one name."""

    texts: list[str] = field(default_factory=list)
    is_list: bool = False
    """It was written ``a[]=``: a list, however many there are."""
    below: dict[str, _Node] = field(default_factory=dict)


def parse_qs(raw: str) -> dict[str, Any]:
    """
    *raw*, percent-encoded, as nested mappings and lists of texts, in the order given.

    Names that are all whole numbers make a list, in their order and without gaps.

    Raises:
        BadRequest: If there are too many parameters or levels, or they contradict each other.
    """
    if raw.count("&") >= MAX_PARAMETERS:
        raise BadRequest(f"more than {MAX_PARAMETERS} parameters")
    root = _Node()
    for part in raw.split("&"):
        if part:
            name, value = _split(part)
            _put(root, name, value)
    return {name: _value(name, node) for name, node in root.below.items()}


def _split(part: str) -> tuple[str, str]:
    """Name and value; a ``=`` within the brackets of a name belongs to it."""
    opened = re.sub("%5b", "[", re.sub("%5d", "]", part, flags=re.I), flags=re.I)
    end = opened.find("]=") + 1 or opened.find("=")
    if end < 0:
        return _decoded(opened), ""
    return _decoded(opened[:end]), _decoded(opened[end + 1 :])


def _decoded(text: str) -> str:
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest(f"{shown(text)} is no UTF-8 when decoded") from None


def _put(root: _Node, name: str, value: str) -> None:
    steps = _steps(name)
    is_list = steps[-1] == "" and len(steps) > 1
    node = root
    for step in steps[:-1] if is_list else steps:
        if step == "" and node is not root:
            raise BadRequest(
                f"{shown(name)} does not say which item of the list it belongs to",
                hint="number the items: $or[0][name]=a&$or[1][name]=b",
            )
        node = node.below.setdefault(step, _Node())
    if node.texts and node.is_list != is_list:
        raise BadRequest(f"{shown(name)} is given with [] and without")
    node.texts.append(value)
    node.is_list = is_list


def _steps(name: str) -> list[str]:
    """``a[b][]`` as a, b and nothing; a name whose brackets are none is one step."""
    if not name:
        raise BadRequest("a parameter of the query has no name")
    first = _BRACKETS.search(name)
    if first is None:
        return [name]
    steps = [name[: first.start()]] if first.start() else []
    at = first.start()
    for found in _BRACKETS.finditer(name, at):
        if found.start() != at:
            break
        steps.append(found.group(1))
        at = found.end()
    if at != len(name):
        raise BadRequest(f"the name {shown(name)} goes on behind its brackets")
    if len(steps) > MAX_DEPTH:
        raise BadRequest(f"the name {shown(name)} has more than {MAX_DEPTH} levels")
    return steps


def _value(name: str, node: _Node) -> Any:
    if node.below and node.texts:
        raise BadRequest(f"{shown(name)} is given as a value and as an object")
    if not node.below:
        return node.texts if node.is_list or len(node.texts) > 1 else node.texts[0]
    if all(_INDEX.fullmatch(key) for key in node.below):
        in_order = sorted(node.below.items(), key=lambda item: int(item[0]))
        return [_value(f"{name}[{key}]", below) for key, below in in_order]
    return {key: _value(f"{name}[{key}]", below) for key, below in node.below.items()}
