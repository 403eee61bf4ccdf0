"""Where documents and points are kept: the contract in `base.py`, and the store that runs."""

from agnez_server.store.base import (
    Appended,
    Axis,
    BlobRef,
    Change,
    Columns,
    Committed,
    DocChanged,
    Entry,
    Line,
    Mark,
    Series,
    SeriesStats,
    Steps,
    Store,
    StoreStats,
    raw_pages,
)
from agnez_server.store.directory import CannotOpenStore, DirectoryInUse
from agnez_server.store.options import StoreOptions
from agnez_server.store.schema import SchemaTooNew
from agnez_server.store.sqlite import SqliteStore
from agnez_server.store.transfer import export_tinydb, import_tinydb

__all__ = [
    "Appended",
    "Axis",
    "BlobRef",
    "CannotOpenStore",
    "Change",
    "Columns",
    "Committed",
    "DirectoryInUse",
    "DocChanged",
    "Entry",
    "Line",
    "Mark",
    "SchemaTooNew",
    "Series",
    "SeriesStats",
    "SqliteStore",
    "Steps",
    "Store",
    "StoreOptions",
    "StoreStats",
    "export_tinydb",
    "import_tinydb",
    "raw_pages",
]
