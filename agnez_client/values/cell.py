"""A cell of the dashboard, as a program holds it that shows things there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from agnez_client.errors import TransportError
from agnez_client.shown import shown
from agnez_client.values.errors import BadRequest, NotFound, TooManyRequests, Unavailable

if TYPE_CHECKING:
    from agnez_client.values.client import Values

logger = logging.getLogger(__name__)


class Cell:
    """
    See `Values.cell`.

    Attributes:
        id: The `_id` of its document.
    """

    def __init__(self, values: Values, id: str, name: str) -> None:
        self._values, self._name = values, name
        self._is_away = False
        self.id = id

    @classmethod
    def at(cls, values: Values, name: str, pos: int, run: str | None, description: str) -> Cell:
        """See `Values.cell`."""
        if isinstance(pos, bool) or not isinstance(pos, int):
            raise BadRequest(f"the cell's pos is {shown(pos)}, expected a whole number")
        about = {"name": name, "description": description, "pos": pos}
        fresh = {**about, "type": "html", "value": ""}
        if run is not None:
            return cls(values, values.create({**fresh, "run": run})["_id"], name)
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
            ValueError: If *content* is none of these.
            ValuesError: If the server refuses it, because it is too large for instance.
        """
        try:
            fields = self._fields(content, url, interactive)
            self._values.patch(self.id, {**fields, **also})
        except (TransportError, NotFound, TooManyRequests, Unavailable) as error:
            if self._values.strict:
                raise
            if not self._is_away:
                logger.warning("the cell %r can't be shown at present: %s", self._name, error)
            self._is_away = True
            return False
        self._is_away = False
        return True

    def _fields(self, content: Any, url: str | None, interactive: bool) -> dict[str, Any]:
        if (content is None) == (url is None):
            raise BadRequest("a cell shows either content or a url, expected one of them")
        if url is not None:
            return {"type": "img", "value": url}
        from agnez_client.values.content import as_content

        found = as_content(content, interactive=interactive)
        if isinstance(found, str):
            return {"type": "html", "value": found}
        return {"type": "img", "value": self._values.upload(found)}

    def remove(self) -> None:
        """Remove the cell; one that is gone stays gone."""
        try:
            self._values.remove(self.id)
        except NotFound:
            logger.debug("the cell %r was gone", self._name)

    def __repr__(self) -> str:
        return f"Cell({self._name!r}, id={self.id!r})"
