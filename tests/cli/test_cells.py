"""`agnez cells` against a real server."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from PIL import Image

from agnez_client.cli.verbs import group
from tests.cli.conftest import post
from tests.support.agnez_up import RunningServer, agnez_up


@pytest.fixture(scope="module")
def cell_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with one run, "digits"."""
    with agnez_up(tmp_path_factory.mktemp("cells")) as server:
        post(server, "/runs", {"name": "digits"})
        yield server


@pytest.fixture
def server(cell_server: RunningServer) -> RunningServer:
    """The same with no documents."""
    for record in requests.get(f"{cell_server.url}/values", timeout=30).json():
        requests.delete(f"{cell_server.url}/values/{record['_id']}", timeout=30)
    return cell_server


def agnez(server: RunningServer, *args: str, status: int = 0, given: str = "") -> str:
    """What `agnez cells *args` writes, *given* on its standard input."""
    done = CliRunner().invoke(group, ["cells", *args, "--url", server.url], input=given)
    assert done.exit_code == status, done.output
    return done.output


def cells(server: RunningServer, *args: str) -> Any:
    """The JSON that `agnez cells *args` answers."""
    return json.loads(agnez(server, *args, "--json"))


def test_what_was_put_is_listed_shown_saved_and_removed(
    server: RunningServer, tmp_path: Path
) -> None:
    """The life of a cell of HTML, by its id, the beginning of it, and its name."""
    page = tmp_path / "loss.html"
    page.write_text("<b>0.5 ü</b>", encoding="utf-8")
    id = agnez(server, "put", "--name", "Loss", "--html", str(page), "--pos", "2").strip()

    assert cells(server, "list") == [
        {"_id": id, "name": "Loss", "type": "html", "pos": 2, "description": ""}
    ]
    assert cells(server, "show", id[:6])["value"] == "<b>0.5 ü</b>"
    agnez(server, "save", "Loss", "-o", str(tmp_path / "back.html"))
    assert (tmp_path / "back.html").read_bytes() == page.read_bytes()
    assert id in agnez(server, "rm", "Loss")
    assert agnez(server, "list") == "no cells\n"


def test_html_comes_through_a_pipe(server: RunningServer) -> None:
    """A dash is standard input, and the same name and place is the same cell."""
    put = ("put", "--name", "State", "--html", "-")
    ids = [agnez(server, *put, given=text) for text in ("<b>a</b>", "<b>b</b>")]

    assert ids[0] == ids[1]
    assert cells(server, "show", "State")["value"] == "<b>b</b>"


def test_a_cell_of_a_run_is_listed_with_it(server: RunningServer) -> None:
    """The run may be said by its name."""
    agnez(server, "put", "--name", "A", "--link", "images/a.gif", "--run", "digits")
    agnez(server, "put", "--name", "B", "--link", "images/b.gif")

    (found,) = cells(server, "list", "--run", "digits")
    assert found["name"] == "A"
    assert len(found["run"]) == 26
    table = agnez(server, "list")
    assert [line.split()[3] for line in table.splitlines()[1:]] == ["A", "B"]


def test_clear_removes_nothing_until_it_is_told(server: RunningServer) -> None:
    """The first call shows what would go; documents that are no cells stay."""
    agnez(server, "put", "--name", "A", "--link", "a.gif", "--run", "digits")
    agnez(server, "put", "--name", "B", "--link", "b.gif")
    post(server, "/values", {"type": "note", "name": "no cell"})

    assert "1 cells would be removed" in agnez(server, "clear", "--run", "digits")
    assert len(cells(server, "list")) == 2
    agnez(server, "clear", "--run", "digits", "--yes")
    assert [r["name"] for r in cells(server, "list")] == ["B"]
    agnez(server, "clear", "--yes")
    (left,) = requests.get(f"{server.url}/values", timeout=30).json()
    assert left["name"] == "no cell"


def test_pictures_within_an_address_are_saved(server: RunningServer, tmp_path: Path) -> None:
    """A data: address holds the picture itself."""
    address = f"data:image/gif;base64,{base64.b64encode(b'GIF89a').decode()}"
    agnez(server, "put", "--name", "Dot", "--link", address)
    agnez(server, "save", "Dot", "-o", str(tmp_path / "dot.gif"))

    assert (tmp_path / "dot.gif").read_bytes() == b"GIF89a"


def test_a_type_in_capitals_is_one(server: RunningServer, tmp_path: Path) -> None:
    """As on the pages: `IMG` is listed, and its picture is saved."""
    post(server, "/values", {"type": "IMG", "name": "Dot", "value": "data:image/gif,GIF89a"})

    assert [r["name"] for r in cells(server, "list")] == ["Dot"]
    agnez(server, "save", "Dot", "-o", str(tmp_path / "dot.gif"))
    assert (tmp_path / "dot.gif").read_bytes() == b"GIF89a"


def test_a_picture_is_sent_and_comes_back(server: RunningServer, tmp_path: Path) -> None:
    """The server keeps the file as it is."""
    picture = tmp_path / "a.gif"
    Image.new("L", (3, 2)).save(picture)
    agnez(server, "put", "--name", "Samples", "--image", str(picture))
    agnez(server, "save", "Samples", "-o", str(tmp_path / "back.gif"))

    assert (tmp_path / "back.gif").read_bytes() == picture.read_bytes()


def test_a_picture_elsewhere_is_not_asked_for(server: RunningServer) -> None:
    """A token is for our server: others get no request."""
    agnez(server, "put", "--name", "Far", "--link", "http://127.0.0.1:1/a.png")

    assert "on another server" in agnez(server, "save", "Far", status=1)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["show", "nobody"], "there is no cell 'nobody'"),
        (["rm", "nobody"], "there is no cell"),
        (["put", "--name", "A", "--html", "/no/such"], "can't be read"),
        (["put", "--name", "A", "--image", "/no/such"], "can't be read"),
        (["put", "--name", "A", "--link", "a.gif", "--run", "nobody"], "no run"),
        (["list", "--run", "nobody"], "no run"),
    ],
)
def test_what_goes_wrong_is_one_line(server: RunningServer, args: list[str], words: str) -> None:
    """Named, and without a traceback."""
    said = agnez(server, *args, status=1)

    assert words in said
    assert len(said.splitlines()) == 1


def test_two_cells_of_one_name_are_told_apart(server: RunningServer) -> None:
    """Their ids are listed; nothing is removed."""
    for pos in ("0", "1"):
        agnez(server, "put", "--name", "A", "--link", "a.gif", "--pos", pos)

    assert "2 cells are called 'A'" in agnez(server, "rm", "A", status=1)
    assert len(cells(server, "list")) == 2


def test_one_content_has_to_be_given(server: RunningServer) -> None:
    """Neither none nor two."""
    assert "give one of" in agnez(server, "put", "--name", "A", status=2)
