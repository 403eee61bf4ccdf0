"""Documents as a file that stock TinyDB opens, and back."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from tinydb.table import Document

from agnez_server.errors import Conflict
from agnez_server.store.base import Change, Store

Tables = dict[str, dict[str, dict[str, Any]]]


async def export_tinydb(store: Store, path: Path) -> int:
    """
    Write the committed documents of *store* as a TinyDB JSON file; returns how many they are.

    Points are not documents and not in it. The file appears whole or not at all.
    """
    tables = {
        name: {str(document.doc_id): dict(document) for document in store.committed.table(name)}
        for name in sorted(store.committed.tables())
    }
    await asyncio.to_thread(_write, tables, path)
    return sum(map(len, tables.values()))


async def import_tinydb(store: Store, path: Path) -> int:
    """
    Add the documents of a TinyDB JSON file to *store*, with their ids; returns how many they are.

    Raises:
        ValueError: If *path* is no such file.
        Conflict: If an id is taken; then nothing is added.
    """
    tables = await asyncio.to_thread(_read, path)
    await store.change(lambda change: _insert(change, tables))
    return sum(map(len, tables.values()))


def _write(tables: Tables, path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(tables, file, ensure_ascii=True, allow_nan=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(path: Path) -> Tables:
    try:
        tables = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not _is_tables(tables):
        raise ValueError(
            f"{path} is not a TinyDB file: expected an object of tables, each an object of "
            "documents by their whole-number ids"
        )
    found: Tables = tables
    return found


def _is_tables(tables: object) -> bool:
    return isinstance(tables, dict) and all(
        isinstance(rows, dict)
        and all(_is_id(i) and isinstance(body, dict) for i, body in rows.items())
        for rows in tables.values()
    )


def _is_id(text: str) -> bool:
    """Whether *text* is a number as TinyDB writes it, and the database can hold it."""
    return len(text) <= 18 and text.isascii() and text.isdigit() and str(int(text)) == text


def _insert(change: Change, tables: Tables) -> None:
    for name, rows in tables.items():
        table = change.docs.table(name)
        taken = [int(i) for i in rows if table.contains(doc_id=int(i))]
        if taken:
            raise Conflict(f"table {name!r} has a document {taken[0]} already; nothing was added")
        table.insert_multiple([Document(body, int(i)) for i, body in rows.items()])
