"""The built pages, made ready for a server."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from agnez_dashboards import (
    PagesNotBuiltError,
    assets,
    bokeh_js,
    bokeh_js_gzip,
    page_html,
    pages,
    static_dir,
)

ADDRESS = re.compile(r'(?:src|href)="([^"]*)"')


@pytest.mark.parametrize("name", pages())
def test_a_page_names_files_that_are_there(name: str) -> None:
    """Relative to itself, wherever that is, by names which change with their content."""
    addresses, top = ADDRESS.findall(page_html(name)), ".." if name == "run" else "."

    assert len(addresses) >= 4
    for address in addresses:
        assert address.startswith(f"{top}/static/")
        file = address.removeprefix(f"{top}/static/").partition("?")[0]
        assert file == "bokeh.min.js" or (static_dir() / file).is_file()


@pytest.mark.parametrize("name", pages())
def test_a_page_has_no_script_or_style_of_its_own(name: str) -> None:
    """So that the content policy can forbid inline scripts."""
    text = page_html(name)

    assert "<style" not in text
    assert re.search(r"<script(?![^>]*src=)", text) is None
    assert " on" not in re.sub(r">[^<]*<", "><", text)


def test_the_frame_asks_for_no_file() -> None:
    """Its policy lets it ask for none: its script stands in it, whole."""
    text = page_html("frame")

    assert ADDRESS.findall(re.sub("<script>.*</script>", "", text, flags=re.S)) == []
    assert text.count("</script>") == 1
    assert "%frame%" not in text


def test_scripts_and_styles_are_there_compressed() -> None:
    """A .gz of the same content, and a .br, beside each."""
    files = [f for f in static_dir().iterdir() if f.suffix in (".js", ".css")]

    assert files
    for file in files:
        assert gzip.decompress(Path(f"{file}.gz").read_bytes()) == file.read_bytes()
        assert Path(f"{file}.br").stat().st_size > 0


def test_the_licences_of_what_is_bundled_are_there() -> None:
    """The licences ask for it."""
    text = (static_dir() / "licences.txt").read_text("utf-8")

    assert "socket.io-client" in text
    assert "@fontsource-variable/inter" in text


def test_nothing_in_the_built_files_names_another_host() -> None:
    """The pages work without any network; names of standards and in comments are not fetched."""
    known = (
        *("http://www.w3.org/", "http://localhost", "https://socket.io/"),
        "https://github.com/markedjs/",  # where its error messages send people
        "https://d3js.org",  # in a comment of its script
    )
    for file in static_dir().iterdir():
        if file.suffix in (".js", ".css", ".html"):
            found = re.findall(r"https?://[\w.-]+[^\s\"'`)]*", file.read_text("utf-8"))
            assert [a for a in found if not a.startswith(known)] == [], file.name


def test_bokeh_comes_from_the_installed_package() -> None:
    """A figure needs the script of the Bokeh that made it."""
    assert bokeh_js().stat().st_size > 500_000
    assert gzip.decompress(bokeh_js_gzip()) == bokeh_js().read_bytes()


def test_pages_that_were_not_built_say_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh checkout tells what to run."""
    monkeypatch.setattr(assets, "_STATIC", tmp_path)

    with pytest.raises(PagesNotBuiltError, match=r"scripts/build_web\.py"):
        page_html("index")


def test_the_lock_file_names_no_registry() -> None:
    """Packages come from wherever the machine's npm is set to look."""
    lock = Path(__file__).resolve().parents[2] / "dashboards" / "web" / "package-lock.json"

    packages = json.loads(lock.read_text("utf-8"))["packages"]
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in packages.items() if name)
