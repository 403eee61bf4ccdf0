"""
A run as one table, a row for each point and entry: CSV, JSON, Parquet.

The columns are ``channel`` (its name), ``type``, ``session`` (µs UTC), ``rank``, ``ordinal``,
``x``, ``y``, ``wall`` (µs UTC) and ``body``: y is that of a NUMERIC channel, body the JSON of an
entry.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

from agnez_client.errors import AgnezError
from agnez_client.transfer.source import RunSource

COLUMNS: Final = ("channel", "type", "session", "rank", "ordinal", "x", "y", "wall", "body")
_GROUP: Final = 100_000

Row = tuple[Any, ...]


def rows(source: RunSource) -> Iterator[Row]:
    """Every row, channel by channel; y stays the string "NaN" where JSON has no number for it."""
    for channel in source.channels():
        yield from _channel_rows(source, channel)


def _channel_rows(source: RunSource, channel: dict[str, Any]) -> Iterator[Row]:
    head = (channel["name"], channel["type"])
    if channel["type"] == "NUMERIC":
        for r in source.rows(channel["id"]):
            place = (r["session"], r["rank"], r["ordinal"])
            yield (*head, *place, r["x"], r["y"], r["wall"], None)
        return
    for item in source.entries(channel):
        body = json.dumps(item["body"], ensure_ascii=False)
        place = (item["session"], item["rank"], item["ordinal"])
        yield (*head, *place, item["x"], None, item["wall"], body)


def write_csv(source: RunSource, out: TextIO) -> None:
    """Write the table as CSV with a header."""
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(rows(source))


def write_json(source: RunSource, out: TextIO) -> None:
    """Write the run, its charts and its channels as one object, as the points come."""
    out.write(f'{{"run": {json.dumps(source.run())},\n"charts": {json.dumps(source.charts())},\n')
    out.write('"channels": [')
    for i, channel in enumerate(source.channels()):
        numeric = channel["type"] == "NUMERIC"
        items = source.rows(channel["id"]) if numeric else source.entries(channel)
        key = "points" if numeric else "entries"
        out.write(",\n" if i else "\n")
        out.write(f'{json.dumps(channel)[:-1]}, "{key}": [')
        _write_items(items, out)
        out.write("]}")
    out.write("]}\n")


def _write_items(items: Iterable[Any], out: TextIO) -> None:
    for i, item in enumerate(items):
        out.write((",\n" if i else "\n") + json.dumps(item))


def write_parquet(source: RunSource, path: Path) -> int:
    """
    Write the table as a Parquet file; returns how many rows it has.

    x is int64 where every x of the run is whole, else float64; ``wall`` is a timestamp; the run's
    document lies in the file's metadata under ``agnez.run``.

    Raises:
        AgnezError: If pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise AgnezError("Parquet needs pyarrow: pip install 'agnez[parquet]'") from None
    try:
        return _write(pyarrow, source, path, whole=_may_be_whole(source))
    except _NotWhole:
        return _write(pyarrow, source, path, whole=False)


class _NotWhole(Exception):
    """An x that is no whole number came after all."""


def _may_be_whole(source: RunSource) -> bool:
    """Whether the first and the last x of every series are whole; those between may not be."""
    borders = (s[k] for c in source.channels() for s in c["series"] for k in ("min_x", "max_x"))
    return all(isinstance(x, int) for x in borders if x is not None)


def _write(pyarrow: Any, source: RunSource, path: Path, *, whole: bool) -> int:
    count, schema = 0, _schema(pyarrow, whole, source)
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        stream = rows(source)
        while group := list(islice(stream, _GROUP)):
            columns = dict(zip(COLUMNS, zip(*group, strict=True), strict=True))
            if whole and not all(isinstance(x, int) for x in columns["x"]):
                raise _NotWhole
            columns["y"] = tuple(None if y is None else float(y) for y in columns["y"])
            if not whole:
                columns["x"] = tuple(map(float, columns["x"]))
            arrays = [pyarrow.array(columns[field.name], field.type) for field in schema]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            count += len(group)
    return count


def _schema(pyarrow: Any, whole: bool, source: RunSource) -> Any:
    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    types = (text, text, pyarrow.int64(), pyarrow.int32(), pyarrow.int64(),
             pyarrow.int64() if whole else pyarrow.float64(), pyarrow.float64(),
             pyarrow.timestamp("us", tz="UTC"), pyarrow.string())  # fmt: skip
    fields = [pyarrow.field(name, type) for name, type in zip(COLUMNS, types, strict=True)]
    return pyarrow.schema(fields, metadata={"agnez.run": json.dumps(source.run())})
