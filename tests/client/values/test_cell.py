"""The handle on a cell: what is shown, and what happens when it can't be."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import requests
from bokeh import __version__ as version
from bokeh.plotting import figure
from PIL import Image

from agnez_client import TransportError, Values
from agnez_client.values.content import File, as_content, as_file
from agnez_client.values.errors import BadRequest, NotFound
from agnez_client.values.picture import checked_address

matplotlib.use("agg")

from matplotlib.figure import Figure

PNG = b"\x89PNG\r\n\x1a\n"


def plotted() -> Figure:
    """A figure of matplotlib with one line."""
    found = Figure()
    found.subplots().plot([1, 3, 2])
    return found


def record_of(values: Values, cell: Any) -> dict[str, Any]:
    """The document of a cell, without its id."""
    found = values.get(cell.id)
    return {k: v for k, v in found.items() if k != "_id"}


def test_a_cell_shows_html(values: Values) -> None:
    """Text is html."""
    cell = values.cell("Loss", pos=2, description="of one run")

    assert cell.show("<b>0.5</b>")
    assert record_of(values, cell) == {
        "name": "Loss", "description": "of one run", "pos": 2, "type": "html",
        "value": "<b>0.5</b>",
    }  # fmt: skip


def test_a_cell_shows_a_picture_by_its_address(values: Values) -> None:
    """A url is kept as it is, in a cell of the type img."""
    cell = values.cell("Gif")
    cell.show(url="./images/main_img.gif", description="new")

    found = record_of(values, cell)
    assert (found["type"], found["value"]) == ("img", "./images/main_img.gif")
    assert found["description"] == "new"


@pytest.mark.parametrize(
    "url",
    ["images/a.gif", "/images/a b.gif", "../a.png?x=1#y", "https://h:1/a.png", "HTTP://h/a",
     "//h/a.png", "data:image/png;base64,AA==", "data:video/mp4,A", Path("images/a.gif")],
)  # fmt: skip
def test_addresses_that_the_page_loads(url: Any) -> None:
    """Relative ones, http, https, and pictures and films as data."""
    assert checked_address(url) == str(url)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", " java\nscript:alert(1)", "JavaScript:1", "vbscript:1", "blob:http://h/1",
     "file:///etc/passwd", "data:text/html,<b>", "localhost:3000/a.png", "http://me:secret@h/a.png",
     "http://h:port/a.png", "http://", "http://[1/a.png", 3, None],
)  # fmt: skip
def test_addresses_that_the_page_never_loads_are_refused(url: Any) -> None:
    """At once: nobody looks at the page while a training runs."""
    with pytest.raises(BadRequest, match=r"^url is "):
        checked_address(url)


def test_a_cell_keeps_what_it_shows_when_an_address_is_refused(values: Values) -> None:
    """The error reaches the caller, the document is as it was."""
    cell = values.cell("Gif")
    cell.show("kept")

    with pytest.raises(BadRequest, match="javascript"):
        cell.show(url="javascript:alert(1)")
    assert record_of(values, cell)["value"] == "kept"


def test_the_same_name_and_place_is_the_same_cell(values: Values) -> None:
    """A script that is run again goes on with its cell; another place is another one."""
    first = values.cell("Loss")
    first.show("kept")

    assert values.cell("Loss").id == first.id
    assert values.cell("Loss", description="said later").id == first.id
    assert values.cell("Loss", pos=1).id != first.id
    assert record_of(values, first)["value"] == "kept"
    assert record_of(values, first)["description"] == "said later"


def test_a_cell_of_a_run_replaces_that_of_its_place(values: Values) -> None:
    """What the run showed there before is gone, the `_id` stays."""
    run = values_run(values)
    first = values.cell("Loss", run=run)
    first.show("old")
    again = values.cell("Accuracy", run=run)

    assert again.id == first.id
    assert record_of(values, again)["name"] == "Accuracy"
    assert record_of(values, again)["run"] == run
    assert values.cell("Accuracy").id != again.id


def values_run(values: Values) -> str:
    """The id of a new run of the server."""
    answer = requests.post(f"{values.url}/api/v1/runs", json={"name": "cells"}, timeout=30)
    return str(answer.json()["id"])


def test_a_removed_cell_ends_no_training(values: Values, caplog: pytest.LogCaptureFixture) -> None:
    """`show` says it once and goes on; with AGNEZ_STRICT it raises."""
    cell = values.cell("Loss")
    cell.remove()
    cell.remove()
    with caplog.at_level(logging.WARNING):
        assert [cell.show("a"), cell.show("b")] == [False, False]
    assert len([r for r in caplog.records if "can't be shown" in r.message]) == 1

    values.strict = True
    with pytest.raises(NotFound):
        cell.show("c")


def test_an_absent_server_ends_no_training(values: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first call, which makes the cell, needs a server."""
    cell = values.cell("Loss")

    def fail(*args: Any, **more: Any) -> Any:
        raise TransportError("gone", refused=True)

    monkeypatch.setattr(values, "patch", fail)
    assert not cell.show("a")
    monkeypatch.undo()
    assert cell.show("b")
    assert record_of(values, cell)["value"] == "b"


def test_a_cell_shows_one_thing(values: Values) -> None:
    """Content or a url; neither and both are errors, strict or not."""
    cell = values.cell("Loss")

    with pytest.raises(BadRequest, match="one of them"):
        cell.show()
    with pytest.raises(BadRequest, match="one of them"):
        cell.show("a", url="b")
    with pytest.raises(BadRequest, match="pos"):
        values.cell("Loss", pos="first")  # type: ignore[arg-type]


# -- content -----------------------------------------------------------------------------------


def test_figures_of_matplotlib_are_pictures() -> None:
    """SVG, or html of mpld3 where they are to be zoomed; axes are their figure."""
    picture = as_content(plotted())

    assert isinstance(picture, File)
    assert picture.mime == "image/svg+xml"
    assert as_content(plotted().axes[0]) == picture
    assert "mpld3" in str(as_content(plotted(), interactive=True))


def test_models_of_bokeh_are_html_without_bokehjs() -> None:
    """A megabyte of scripts is named, not sent: the page has them."""
    made = figure(width=200, height=200)
    made.line([1, 2], [3, 4])
    html = as_content(made)

    assert isinstance(html, str)
    assert re.findall(r"<script src=.*?/(bokeh-[\d.]+\.min\.js)", html) == [
        f"bokeh-{version}.min.js"
    ]
    assert len(html) < 50_000


def test_whatever_makes_html_of_itself_is_html() -> None:
    """Data frames, figures of Plotly, charts of Altair."""

    class Frame:
        def to_html(self) -> str:
            return "<table>"

    class Shown:
        def _repr_html_(self) -> str:
            return "<p>"

    assert as_content(Frame()) == "<table>"
    assert as_content(Shown()) == "<p>"


def test_pictures_and_films_keep_their_type() -> None:
    """By what the bytes begin with, never by a name."""
    assert as_file(np.zeros((2, 2, 3), np.uint8)).data.startswith(PNG)
    assert as_file(Image.new("L", (2, 2))).mime == "image/png"
    assert as_file(b"\x00\x00\x00\x18ftypmp42").mime == "video/mp4"
    assert as_file(b"\x1aE\xdf\xa3....").mime == "video/webm"
    assert as_file(b"<?xml version='1.0'?><svg></svg>").mime == "image/svg+xml"


@pytest.mark.parametrize("content", [3, object(), b"nonsense", Path("/no/such/file"), int])
def test_what_can_not_be_shown_is_said(content: Any) -> None:
    """A ValueError that names what was found."""
    with pytest.raises(ValueError, match=r"can't show|no picture|can't be read"):
        as_content(content)
