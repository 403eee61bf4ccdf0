"""TABLE: named columns, rows of plain values; a large one is a blob."""

from __future__ import annotations

from typing import Final

from agnez_server.catalog.bodies.fields import Fields

MAX_COLUMNS: Final = 1000
MAX_ROWS: Final = 100_000


def check(body: Fields) -> None:
    """Rows have a cell for each column; cells are numbers, texts, booleans, null."""
    columns = body.items("columns", 1, MAX_COLUMNS)
    if not all(isinstance(name, str) for name in columns):
        raise body.wrong("columns", "a list of texts")
    if body.has("blob"):
        body.whole("count")
        body.part("blob").blob("application/json")
        return
    if not all(_is_row(row, len(columns)) for row in body.items("rows", 0, MAX_ROWS)):
        raise body.wrong("rows", f"lists of {len(columns)} numbers, texts, booleans or null")


def _is_row(row: object, width: int) -> bool:
    return (
        isinstance(row, list)
        and len(row) == width
        and all(cell is None or isinstance(cell, (str, int, float)) for cell in row)
    )
