"""How verbs find documents of `/values`, and what a cell's content is as bytes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import unquote_to_bytes, urljoin

import click

from agnez_client.cli.connection import connection
from agnez_client.reader import Reader
from agnez_client.values import Values
from agnez_client.values.calls import Record
from agnez_client.values.errors import NotFound

CELL_TYPES: Final = ("html", "img", "HTML", "IMG")
"""What the pages draw; they take capitals too."""
_BRIEF: Final = ("name", "type", "pos", "run", "description")


class Documents(Values):
    """A client of `/values` that knows runs by what people call them."""

    def run_id(self, text: str) -> str:
        """The id of the run that *text* names; see `Reader.run`."""
        return Reader(self._transport).run(text)["id"]

    def read(self, address: str) -> bytes:
        """
        What lies at *address*, relative to the server's page.

        Raises:
            click.ClickException: If it is on another server, or not there.
        """
        place = urljoin(f"{self.url}/", address)
        if not place.startswith(f"{self.url}/"):
            raise click.ClickException(f"the picture is on another server: {address:.500}")
        response = self._transport.request("GET", place.removeprefix(self.url), below="")
        if response.status != 200:
            raise click.ClickException(f"{address:.500} can't be read: {response.status}")
        return response.body


@contextmanager
def open_values(url: str | None, token: str | None) -> Iterator[Documents]:
    """The documents of the server that these options name; an absent one is said in one line."""
    with connection(url, token) as transport, Documents(transport.url, token) as values:
        yield values


def find_cells(values: Documents, run: str | None) -> list[Record]:
    """All cells, or those of *run*, in their order and without their content."""
    query: Record = {"type": {"$in": list(CELL_TYPES)}, "$select": list(_BRIEF)}
    if run is not None:
        query["run"] = values.run_id(run)
    return values.find({**query, "$sort": {"pos": 1}})


def find_cell(values: Documents, text: str) -> Record:
    """
    The cell whose id is *text* or begins so, or whose name it is; without its content.

    Raises:
        click.ClickException: If there is none, or if there are several.
    """
    known = find_cells(values, None)
    found = [r for r in known if r["_id"] == text] or [r for r in known if r.get("name") == text]
    found = found or [r for r in known if text and r["_id"].startswith(text)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.ClickException(f"there is no cell {text!r}: `agnez cells list` shows them")
    shown = ", ".join(f"{r['_id']} (pos {r.get('pos')})" for r in found[:5])
    raise click.ClickException(f"{len(found)} cells are called {text!r}: {shown}")


def remove_one(values: Documents, id: str) -> bool:
    """Remove a document; False where it was gone already."""
    try:
        values.remove(id)
    except NotFound:
        return False
    return True


def content_of(values: Documents, record: Record) -> bytes:
    """
    What a cell shows: the HTML of the type "html" as UTF-8, the picture of the type "img".

    Raises:
        click.ClickException: If it has none, or it can't be read.
    """
    value = record.get("value")
    if not isinstance(value, str) or not value:
        raise click.ClickException("the cell is empty")
    if str(record.get("type")).lower() != "img":
        return value.encode(errors="replace")
    if value.startswith("data:"):
        return _of_data(value)
    return values.read(value)


def _of_data(address: str) -> bytes:
    about, comma, data = address.partition(",")
    content = unquote_to_bytes(data)
    try:
        content = base64.b64decode(content) if about.endswith(";base64") else content
    except binascii.Error:
        comma = ""
    if not comma:
        raise click.ClickException("the picture is no data: address that can be read")
    return content
