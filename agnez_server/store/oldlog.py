"""Rows of the log as version 1 wrote them: a block was one series, its id stood in the head."""

from __future__ import annotations

from typing import Final

import numpy as np

from agnez_server.store.base import IntColumn
from agnez_server.store.points import Block, Points, XColumn

_INT, _FLOAT, _STEPS, _SHORT, _WORD = range(5)
_DIFFERENCES: Final = {_SHORT: "<u2", _WORD: "<u4"}


def unpack_single(body: memoryview, series: int, n: int, x_kind: int, wall_kind: int) -> Block:
    """The *n* points of *series* in *body*."""
    x_size = 16 if x_kind == _STEPS else 8 * n
    x, y, rest = body[:x_size], body[x_size : x_size + 8 * n], body[x_size + 8 * n :]
    points = Points(
        unpack_x(x, n, x_kind), np.frombuffer(y, "<f8"), _unpack_wall(rest, n, wall_kind)
    )
    return Block([series], [n], points)


def unpack_x(body: memoryview, n: int, kind: int) -> XColumn:
    """The x of one series, as both versions write them."""
    if kind == _STEPS:
        first, step = np.frombuffer(body, "<u8")
        x: XColumn = np.arange(n, dtype=np.uint64)
        x *= step
        x += first
        return x.view(np.int64)
    return np.frombuffer(body, "<f8" if kind == _FLOAT else "<i8")


def _unpack_wall(body: memoryview, n: int, kind: int) -> IntColumn:
    if kind == _INT:
        return np.frombuffer(body, "<i8")
    steps = np.empty(n, np.int64)
    steps[:1] = np.frombuffer(body, "<i8", 1)
    steps[1:] = np.frombuffer(body, _DIFFERENCES[kind], n - 1, 8)
    return np.cumsum(steps)
