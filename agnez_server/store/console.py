"""Lines of console output: written with their commit, and read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Final

from agnez_server.store.damage import Damage
from agnez_server.store.rowsums import line_sum, mended_text
from agnez_server.store.values import Line

Writer = tuple[str, int, int]
"""Who writes lines: run, session, rank."""
Row = tuple[int, str, str]
"""wall, stream, text of a line."""
Lines = dict[Writer, dict[int, Row]]
"""New lines by who wrote them and by number."""

_ROW_BYTES: Final = 24
"""About what a line takes beside its text."""
_SHORT: Final = 16
"""Characters of a text that SQLite looks for."""
_INT64: Final = range(-(1 << 63), 1 << 63)


def sort_lines(run: str, lines: Iterable[Line]) -> Lines:
    """
    *lines* of *run* by who wrote them; what is no Unicode in them becomes "?".

    Raises:
        ValueError: If a number in them takes more than 64 bits.
    """
    found = Lines()
    for line in lines:
        numbers = (line.session, line.rank, line.number, line.wall)
        if not all(number in _INT64 for number in numbers):
            raise ValueError(f"a number of the line {numbers} takes more than 64 bits")
        row = line.wall, _encodable(line.stream), _encodable(line.text)
        found.setdefault((run, line.session, line.rank), {})[line.number] = row
    return found


def add_lines(older: Lines, newer: Lines) -> None:
    """Take *newer* into *older*."""
    for writer, lines in newer.items():
        older.setdefault(writer, {}).update(lines)


def size_of(lines: Lines) -> int:
    """About how many bytes they take."""
    return sum(len(row[2]) + _ROW_BYTES for rows in lines.values() for row in rows.values())


def write_lines(con: sqlite3.Connection, lines: Mapping[Writer, dict[int, Row]]) -> dict[str, int]:
    """Write lines within a transaction; returns about how many bytes each run grew by."""
    grown = dict[str, int]()
    for writer, numbered in lines.items():
        console = _console(con, writer)
        plain = [(console, number, *row) for number, row in numbered.items()]
        rows = [(*row, line_sum(*row)) for row in plain]
        new = con.executemany("insert or ignore into line values (?, ?, ?, ?, ?, ?)", rows).rowcount
        if new < len(rows):
            con.executemany(
                "update line set wall = ?3, stream = ?4, text = ?5, crc = ?6 "
                "where console = ?1 and number = ?2",
                rows,
            )
        size = new * _ROW_BYTES + sum(len(row[4].encode()) for row in rows) * new // len(rows)
        con.execute(
            "update console set lines = lines + ?, bytes = bytes + ? where id = ?",
            (new, size, console),
        )
        grown[writer[0]] = grown.get(writer[0], 0) + size
    return grown


def _console(con: sqlite3.Connection, writer: Writer) -> int:
    con.execute("insert or ignore into console (run, session, rank) values (?, ?, ?)", writer)
    found: int = con.execute(
        "select id from console where run = ? and session = ? and rank = ?", writer
    ).fetchone()[0]
    return found


def read_lines(
    con: sqlite3.Connection, writer: Writer, first: int, limit: int, find: str, damage: Damage
) -> list[Line]:
    """
    At most *limit* lines with ``number >= first`` that hold *find*, whatever the case; damaged
    ones are left out.
    """
    if not all(number in _INT64 for number in (*writer[1:], first)):
        return []
    condition, values = _holds(con, find)
    rows = con.execute(
        "select console, number, wall, stream, text, crc from line where console = "
        "(select id from console where run = ? and session = ? and rank = ?) "
        f"and number >= ? {condition} order by number limit ?",
        (*writer, first, *values, min(limit, _INT64[-1])),
    )
    lines = (_checked(row, damage) for row in rows)
    return [Line(writer[1], writer[2], *line) for line in lines if line is not None]


def _checked(
    row: tuple[int, int, int, str, str, int | None], damage: Damage
) -> tuple[int, int, str, str] | None:
    """Number, wall, stream and text of a line; None if it is damaged beyond one bit."""
    console, number, wall, stream, text, crc = row
    name = f"{number!r} of console {console!r}"
    try:
        found = line_sum(console, number, wall, stream, text)
        whole = text if crc is None or found == crc else mended_text(text, found, crc)
    except (TypeError, AttributeError):  # another type than was written
        whole = None
    if whole is None:
        damage.lost("line", name)
        return None
    if whole is not text:
        damage.mended("line", name)
    return number, wall, stream, whole


def _holds(con: sqlite3.Connection, find: str) -> tuple[str, tuple[str, ...]]:
    """
    Short texts of ASCII are looked for by SQLite alone, which is ten times as quick.

    For longer ones it may take as long as line times text; Python does not.
    """
    if not find:
        return "", ()
    if find.isascii() and len(find) <= _SHORT:
        escaped = find.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return "and text like ? escape '\\'", (f"%{escaped}%",)
    folded = find.casefold()
    con.create_function("holds", 1, lambda text: folded in text.casefold())
    return "and holds(text)", ()


def read_consoles(con: sqlite3.Connection, run: str) -> list[tuple[int, int, int]]:
    """Session, rank and number of lines of all who wrote lines of *run*."""
    return con.execute(
        "select session, rank, lines from console where run = ? order by session, rank", (run,)
    ).fetchall()


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
