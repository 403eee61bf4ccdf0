"""TABLE: y has rows and named columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from agnez_client.kinds.arrays import as_array, as_number
from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.naming import as_text
from agnez_client.protocol import MAX_NAME_LENGTH
from agnez_client.shown import shown
from agnez_client.spool.blobs import Blob

MAX_INLINE: Final = 64 << 10
"""Bytes of a table that stands in the entry itself; a larger one is a blob."""
MAX_CELLS: Final = 1_000_000
MAX_COLUMNS: Final = 1000
MAX_CELL_LENGTH: Final = 10_000

Cell = str | int | float | bool | None
Rows = list[list[Any]]


class TableChannel(EntryChannel):
    """Option ``columns``: names for rows that have none; `send(columns=…)` for one entry."""

    type: ClassVar[str] = "TABLE"
    known_options: ClassVar[frozenset[str]] = frozenset({"columns"})
    __slots__ = ()

    def encode(self, y: Any, *, columns: Sequence[str] | None = None) -> Encoded:
        """See `encode_table`."""
        return encode_table(y, columns or self.options.get("columns"))

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """See `Channel.check_options`."""
        if options.get("columns") is not None:
            check_columns(list(options["columns"]))


def encode_table(y: Any, columns: Sequence[str] | None = None) -> Encoded:
    """
    The entry of *y*: a list of mappings, a mapping of columns, a list of rows with *columns*, a
    data frame, or an array of numpy, structured or with two axes.

    Cells become numbers, texts, booleans or null; what is none of these becomes its text.

    Raises:
        ValueError: If *y* is none of these, its rows have different lengths, a name occurs twice,
            or it has more than 1,000 columns or 1,000,000 cells.
    """
    names, rows = rows_of(y, None if columns is None else list(columns))
    check_columns(names)
    check_cells(len(rows), len(names))
    for i, row in enumerate(rows):
        if len(row) != len(names):
            raise ValueError(f"row {i} has {len(row)} cells for {len(names)} columns")
    table = {"columns": names, "rows": [[as_cell(cell) for cell in row] for row in rows]}
    data = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    if len(data) <= MAX_INLINE:
        return Encoded(table)
    blob = Blob.of(data, "application/json")
    return Encoded({"columns": names, "count": len(rows), "blob": blob.ref}, (blob,))


def check_cells(rows: int, columns: int) -> None:
    """Raises ValueError if a table of this size has too many cells."""
    if rows * columns > MAX_CELLS:
        raise ValueError(f"y has {rows * columns} cells, at most {MAX_CELLS} are allowed")


def check_columns(names: list[str]) -> None:
    """Raises ValueError if *names* are no different names, none or too many."""
    if not 1 <= len(names) <= MAX_COLUMNS:
        raise ValueError(f"there are {len(names)} columns, expected 1 to {MAX_COLUMNS}")
    for name in names:
        if not isinstance(name, str) or len(name) > MAX_NAME_LENGTH or as_text(name) != name:
            raise ValueError(f"{name!r:.60} is not the name of a column")
        if names.count(name) > 1:
            raise ValueError(f"the column {name!r} occurs twice")


def rows_of(y: Any, columns: list[str] | None) -> tuple[list[str], Rows]:
    """The names and rows of whatever *y* is; see `encode_table`."""
    if hasattr(y, "columns") and hasattr(y, "to_numpy"):
        return [str(c) for c in y.columns], _frame_rows(y)
    if isinstance(y, Mapping):
        return [str(name) for name in y], _transposed(list(y.values()))
    if isinstance(y, np.ndarray) and y.dtype.names:
        return list(y.dtype.names), [list(row) for row in y.reshape(-1).tolist()]
    if hasattr(y, "detach") or isinstance(y, np.ndarray):
        array = as_array(y) if hasattr(y, "detach") or y.dtype.kind in "biuf" else y
        if array.ndim != 2:
            raise ValueError(f"y has the shape {array.shape}, expected two axes")
        return columns or [str(i) for i in range(array.shape[1])], array.tolist()
    if isinstance(y, str | bytes) or not isinstance(y, Sequence):
        raise ValueError(f"y is {shown(y)}, expected a table, see docs/sdk.md")
    if y and all(isinstance(row, Mapping) for row in y):
        check_cells(len(y), 1)
        names = columns or list(dict.fromkeys(str(name) for row in y for name in row))
        found = [{str(name): cell for name, cell in row.items()} for row in y]
        return names, [[row.get(name) for name in names] for row in found]
    if columns is None:
        raise ValueError("y is a list of rows without names: give columns=[…]")
    if not all(isinstance(row, Sequence | np.ndarray) and not isinstance(row, str) for row in y):
        raise ValueError("y is a list, expected of mappings or of rows")
    return columns, [list(row) for row in y]


def _frame_rows(frame: Any) -> Rows:
    """The rows of a data frame of pandas, polars or one like them."""
    if hasattr(frame, "iter_rows"):
        return [list(row) for row in frame.iter_rows()]
    return _transposed([frame.iloc[:, i].tolist() for i in range(len(frame.columns))])


def _transposed(columns: list[Any]) -> Rows:
    found = []
    for column in columns:
        values = column.tolist() if hasattr(column, "tolist") else column
        if isinstance(values, str | bytes) or not isinstance(values, Sequence):
            raise ValueError(f"a column is {values!r:.60}, expected a list of cells")
        found.append(values)
    if len({len(values) for values in found}) > 1:
        raise ValueError(f"the columns have different lengths: {[len(v) for v in found]}")
    check_cells(len(found[0]) if found else 0, len(found))
    return [list(row) for row in zip(*found, strict=True)]


def as_cell(value: Any) -> Cell:
    """*value* as a cell can hold it; of a text at most 10,000 characters."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 1 << 63 else str(int(value))
    if isinstance(value, float):
        return as_number(float(value))
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    return as_text(str(value)[:MAX_CELL_LENGTH])
