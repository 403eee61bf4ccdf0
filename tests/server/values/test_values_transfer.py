"""Records leave as documents of plain TinyDB, come back, and lie in backups."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tinydb import TinyDB, where

from agnez_server.models import VALUES
from agnez_server.store import SqliteStore
from agnez_server.store.backup import backup
from agnez_server.store.restore import restore
from agnez_server.store.transfer import export_tinydb, import_tinydb
from agnez_server.values.service import Values

CELLS = [{"run": "r", "pos": 0, "type": "html", "value": "<b>é</b>"}, {"pos": 1, "deep": {"a": []}}]


async def test_exported_and_imported(store: SqliteStore, tmp_path: Path) -> None:
    """Plain TinyDB reads them by their fields; a new store has them as they were, places too."""
    values = Values(store)
    made = await values.create(CELLS)
    await export_tinydb(store, tmp_path / "documents.json")

    with TinyDB(tmp_path / "documents.json") as plain:
        assert plain.table(VALUES).search(where("pos") == 0) == [made[0]]
    other = await SqliteStore.open(tmp_path / "other")
    try:
        await import_tinydb(other, tmp_path / "documents.json")
        again = Values(other)
        assert again.find() == made
        assert (await again.create(CELLS[0]))["_id"] == made[0]["_id"]
    finally:
        await other.close()


async def test_in_a_backup(store: SqliteStore, tmp_path: Path) -> None:
    """A backup of a running server has what was answered before it."""
    made = await Values(store).create(CELLS)

    await asyncio.to_thread(backup, tmp_path / "data", tmp_path / "backup")
    await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "restored")

    restored = await SqliteStore.open(tmp_path / "restored")
    try:
        assert Values(restored).find() == made
    finally:
        await restored.close()


async def test_documents_of_others(store: SqliteStore, tmp_path: Path) -> None:
    """What was no record, having no _id, is one when it is changed."""
    with TinyDB(tmp_path / "theirs.json") as plain:
        plain.table(VALUES).insert_multiple([{"a": 1}, {"_id": 5, "a": 2}])
    await import_tinydb(store, tmp_path / "theirs.json")
    values = Values(store)

    patched = await values.patch(None, {"b": 1})

    assert [(record["a"], record["b"]) for record in patched] == [(1, 1), (2, 1)]
    assert [values.get(record["_id"]) for record in patched] == patched
