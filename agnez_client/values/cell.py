"""A cell of the dashboard, as a program holds it that shows things there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from agnez_client.errors import TransportError
from agnez_client.shown import shown
from agnez_client.values.content import File, as_content
from agnez_client.values.errors import BadRequest, NotFound, TooManyRequests, Unavailable
from agnez_client.values.picture import checked_address

if TYPE_CHECKING:
    from agnez_client.values.client import Values

logger = logging.getLogger(__name__)


AWAY: Final = (TransportError, NotFound, TooManyRequests, Unavailable)
"""What ends no training when a cell is shown."""


class CellHandle:
    """
    What a `Cell` and an `AsyncCell` have in common.

    Attributes:
        id: The `_id` of its document.
    """

    def __init__(self, id: str, name: str) -> None:
        self._name = name
        self._is_away = False
        self.id = id

    def _missed(self, error: Exception, *, strict: bool) -> bool:
        """It can't be shown now, which is said once; an error only where that is wanted."""
        if strict:
            raise error
        if not self._is_away:
            logger.warning("the cell %r can't be shown at present: %s", self._name, error)
        self._is_away = True
        return False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r}, id={self.id!r})"


class Cell(CellHandle):
    """See `Values.cell`."""

    def __init__(self, values: Values, id: str, name: str) -> None:
        super().__init__(id, name)
        self._values = values

    @classmethod
    def at(cls, values: Values, name: str, pos: int, run: str | None, description: str) -> Cell:
        """See `Values.cell`."""
        fresh = fresh_cell(name, pos, run, description)
        if run is not None:
            return cls(values, values.create(fresh)["_id"], name)
        known = [r for r in values.find({"name": name, "pos": pos}) if r.get("run") is None]
        if not known:
            return cls(values, values.create(fresh)["_id"], name)
        if known[0].get("description") != description:
            values.patch(known[0]["_id"], {"description": description})
        return cls(values, known[0]["_id"], name)

    def show(
        self, content: Any = None, *, url: str | None = None, interactive: bool = False, **also: Any
    ) -> bool:
        """
        Show *content* in the place of what is there.

        A server that is away, or that says "later", ends no training: the log says so once, and
        the next call shows what is new then. So does a cell that was removed from the page. With
        AGNEZ_STRICT both are raised.

        Args:
            content: Html as text, a figure of matplotlib (as a picture), a model of Bokeh, what
                has a `to_html` or `_repr_html_`, an array, a picture of Pillow, a `Path` or the
                bytes of a file.
            url: In its place, the address of a picture, as "images/main.gif".
            interactive: Figures of matplotlib as html that can be zoomed, by mpld3.
            also: Further fields, as ``description=…``.

        Returns:
            Whether the server has it.

        Raises:
            ValueError: If *content* is none of these, or *url* one that the page never loads.
            ValuesError: If the server refuses it, because it is too large for instance.
        """
        try:
            found = content_of(content, url, interactive)
            if isinstance(found, File):
                found = {"type": "img", "value": self._values.upload(found)}
            self._values.patch(self.id, {**found, **also})
        except AWAY as error:
            return self._missed(error, strict=self._values.strict)
        self._is_away = False
        return True

    def remove(self) -> None:
        """Remove the cell; one that is gone stays gone."""
        try:
            self._values.remove(self.id)
        except NotFound:
            logger.debug("the cell %r was gone", self._name)


def fresh_cell(name: str, pos: int, run: str | None, description: str) -> dict[str, Any]:
    """The document of a cell that shows nothing yet; BadRequest if its place is no whole number."""
    if isinstance(pos, bool) or not isinstance(pos, int):
        raise BadRequest(f"the cell's pos is {shown(pos)}, expected a whole number")
    about = {"name": name, "description": description, "pos": pos, "type": "html", "value": ""}
    return about if run is None else {**about, "run": run}


def content_of(content: Any, url: object, interactive: bool) -> dict[str, Any] | File:
    """What `Cell.show` is told, as the fields of its document, or as a file to upload first."""
    if (content is None) == (url is None):
        raise BadRequest("a cell shows either content or a url, expected one of them")
    if url is not None:
        return {"type": "img", "value": checked_address(url)}
    found = as_content(content, interactive=interactive)
    return {"type": "html", "value": found} if isinstance(found, str) else found
