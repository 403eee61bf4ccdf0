"""What `pip install` brings: the pages inside the wheel, and a server that needs nobody else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from tests.support.agnez_up import RunningServer, agnez_up

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("index.html", "run.html", "login.html")
REFERENCE = re.compile(r"""(?:src|href)=["']([^"']+)["']|url\(["']?([^"')]+)["']?\)""")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it in an isolated environment."""
    out = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """The one wheel."""
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed_server(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """`agnez up` from the wheel, installed into a folder of its own without asking any index."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], check=True, timeout=120)
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import agnez_client, agnez_server.app; "
        f"assert agnez_server.app.__file__.startswith({str(target)!r}); "
        "from agnez_client.cli import main; main()"
    )
    home = tmp_path_factory.mktemp("home")
    with agnez_up(home, python=[sys.executable, "-P", "-c", code]) as server:
        yield server


def test_the_wheel_holds_packages_and_pages_only(wheel: Path) -> None:
    """Our three packages, the built pages, the metadata; no tests, no sources of the pages."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}

    assert tops == {"agnez_client", "agnez_server", "agnez_dashboards"}
    assert {f"agnez_dashboards/static/{page}" for page in PAGES} <= set(names)
    assert [n for n in names if n.endswith((".ts", ".map")) or "node_modules" in n] == []


def test_the_wheel_declares_what_it_is(wheel: Path) -> None:
    """Name, Python, the command and the extras that the documentation speaks of."""
    archive = zipfile.ZipFile(wheel)
    info = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
    metadata = HeaderParser().parsestr(archive.read(info).decode())
    commands = archive.read(info.replace("METADATA", "entry_points.txt")).decode()

    assert (metadata["Name"], metadata["Requires-Python"]) == ("agnez", ">=3.11")
    assert set(metadata.get_all("Provides-Extra")) >= {"demo", "train", "report", "dev"}
    assert "agnez = agnez_client.cli:main" in commands


def test_the_sdist_holds_what_builds_the_pages(built: Path) -> None:
    """Sources, lock file and build script; nothing that a build makes."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"dashboards/web/package-lock.json", "dashboards/web/build.mjs", "README.md"} <= names
    assert [n for n in names if "node_modules" in n or n.startswith(".venv")] == []


def references(url: str) -> set[str]:
    """What the page or style sheet at *url* makes a browser load, as addresses."""
    text = requests.get(url, timeout=30).text
    found = {a or b for a, b in REFERENCE.findall(text)}
    return {urljoin(url, f) for f in found if not f.startswith(("data:", "#"))}


def test_the_installed_pages_ask_nobody_else(installed_server: RunningServer) -> None:
    """All that the start page, the run page and their styles name is served by the server."""
    host = urlsplit(installed_server.url).netloc
    pages = [f"{installed_server.url}/", f"{installed_server.url}/runs/{'0' * 26}"]
    first = set().union(*(references(page) for page in pages))
    styles = {url for url in first if urlsplit(url).path.endswith(".css")}
    everything = first.union(*(references(url) for url in styles))

    assert styles and any(urlsplit(url).path.endswith(".js") for url in first)
    assert {urlsplit(url).netloc for url in everything} == {host}
    files = {url for url in everything if "." in urlsplit(url).path.rpartition("/")[2]}
    assert {
        url: s for url in files if (s := requests.get(url, timeout=30).status_code) != 200
    } == {}


def test_the_installed_server_takes_and_gives_points(installed_server: RunningServer) -> None:
    """A point goes in and comes back out of the installed package."""
    api = f"{installed_server.url}/api/v1"
    point = {"run": "wheel", "channel": "loss", "x": 1, "y": 0.5}
    channel = requests.post(f"{api}/points", json=point, timeout=30).json()["channels"][0]

    assert requests.get(f"{api}/channels/{channel}/points", timeout=30).json()["y"] == [0.5]


def test_the_editable_install_is_this_checkout() -> None:
    """`pip install -e` leaves the sources where they are, the dashboards package included."""
    code = (
        "import agnez_client as a, agnez_dashboards as b; print(a.__file__, b.__file__, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, cwd=os.sep, check=True
    )

    assert done.stdout.splitlines() == [
        str(ROOT / "agnez_client" / "__init__.py"),
        str(ROOT / "dashboards" / "agnez_dashboards" / "__init__.py"),
    ]
