"""The documentation names all there is, its links lead somewhere, and its examples run."""

from __future__ import annotations

import dataclasses
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest
import requests

from agnez_client.cli.verbs import VERBS, group
from agnez_client.settings import Settings
from agnez_server.api.endpoint import Endpoint
from agnez_server.api.router import endpoints
from agnez_server.settings import ServerSettings
from tests.support.agnez_up import RunningServer

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")


def text_of(name: str) -> str:
    """The page *name* of docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands below the heading *heading* up to the next of its level, "" without it."""
    level = heading.split()[0]
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^{level} |\Z)", page, re.M | re.S)
    return found.group(1) if found else ""


class Example(NamedTuple):
    """One fenced block: where it stands, its language, its text."""

    place: str
    language: str
    code: str


def examples(language: str) -> list[Example]:
    """The fenced blocks of this language on all pages."""
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for block in FENCE.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            name = f"{path.relative_to(ROOT)}:{line}"
            found.append(Example(name, block["info"].strip(), block["code"]))
    return [e for e in found if e.language == language]


def shell_lines(program: str) -> list[Example]:
    """The lines of shell blocks that call *program*, continued lines joined, as examples."""
    found = []
    for block in examples("sh"):
        for line in block.code.replace("\\\n", " ").splitlines():
            if re.match(rf"(\S*/)?{program}\s", line) and "…" not in line:
                found.append(Example(block.place, "sh", line))
    return found


def named(example: Example) -> str:
    """The id of a test about *example*."""
    return example.place


# -- complete ----------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda e: f"{e.method} {e.path}")
def test_every_route_is_documented(endpoint: Endpoint) -> None:
    """The HTTP page names each method and path, and each query parameter of it."""
    page = re.sub(r"\{\w+\}", "{}", text_of("http-api.md"))
    path = re.sub(r"\{\w+\}", "{}", endpoint.path)
    names = [query.name.partition(".")[0] for query in endpoint.query]

    assert re.search(rf"`{endpoint.method} {re.escape(path)}`", page)
    assert [n for n in names if not re.search(rf"`{n}(\.NAME)?=", page)] == []


@pytest.mark.parametrize("field", dataclasses.fields(ServerSettings), ids=lambda f: f.name)
def test_every_server_setting_is_documented(field: dataclasses.Field[object]) -> None:
    """The settings page has a row for it, with its environment variable where it has one."""
    rows = [s for s in text_of("settings.md").splitlines() if s.startswith(f"| `{field.name}` |")]

    assert len(rows) == 1
    assert (field.metadata.get("env") or "") in rows[0]


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda f: f.name)
def test_every_training_setting_is_documented(field: dataclasses.Field[object]) -> None:
    """The SDK's page names its environment variable."""
    assert f"`{field.metadata['env']}`" in text_of("sdk.md")


def commands(verb: str) -> Iterator[tuple[str, click.Command]]:
    """The command of *verb*, or those of its group, each with its words."""
    command = group.get_command(click.Context(group), verb)
    assert command is not None
    if isinstance(command, click.Group):
        yield from ((f"agnez {verb} {name}", c) for name, c in command.commands.items())
    else:
        yield f"agnez {verb}", command


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option_is_documented(verb: str) -> None:
    """The command line's page has a section a verb, and it names each option."""
    heading = f"## agnez {verb}"
    body = section(text_of("cli.md"), heading)

    for words, command in commands(verb):
        options = [p.opts for p in command.params if isinstance(p, click.Option)]
        longest = [max(names, key=len) for names in options]
        assert words in heading + body
        assert [name for name in longest if f"`{name}`" not in body] == []


def test_the_index_names_every_page() -> None:
    """Whoever starts at docs/README.md finds every page."""
    index = text_of("README.md")
    pages = [p.relative_to(DOCS).as_posix() for p in sorted(DOCS.glob("*.md"))]

    assert [p for p in pages if p != "README.md" and f"]({p})" not in index] == []


def test_the_list_of_decisions_is_whole() -> None:
    """Each decision stands in the list, under its number."""
    index = text_of("decisions/README.md")
    found = sorted(p.name for p in (DOCS / "decisions").glob("[0-9]*.md"))

    assert [name for name in found if f"]({name})" not in index] == []
    assert len({name[:4] for name in found}) == len(found)


def anchors(path: Path) -> set[str]:
    """The fragments by which headings of a page are reached."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there, and a heading in it."""
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"\w+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file) if file else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


# -- true --------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", examples("python"), ids=named)
def test_python_examples_run(
    example: Example, documented_server: RunningServer, tmp_path: Path
) -> None:
    """Each block runs by itself, as a program of the user who started the server."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example.code],
        # One thread: on a busy machine those of torch wait for each other.
        env={**documented_server.environment, "OMP_NUM_THREADS": "1"},
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", shell_lines("curl"), ids=named)
def test_curl_examples_are_answered(example: Example, documented_server: RunningServer) -> None:
    """Each request is accepted by a server."""
    method, headers, url = "GET", {}, ""
    body: str | bytes | None = None
    words = iter(shlex.split(example.code, comments=True)[1:])
    for word in words:
        if word in ("-d", "--data"):
            body, method = next(words), "POST"
        elif word == "--data-binary":
            assert next(words).endswith(".png")
            body, method = (DOCS / "pictures" / "home-dark-1440.png").read_bytes(), "POST"
        elif word in ("-X", "--request"):
            method = next(words)
        elif word in ("-H", "--header"):
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif not word.startswith("-"):
            url = word

    url = url.replace("http://localhost:3000", documented_server.url.rstrip("/"))
    answer = requests.request(method, url, data=body, headers=headers, timeout=30)

    assert answer.status_code < 300, answer.text


@pytest.mark.parametrize("example", shell_lines("agnez"), ids=named)
def test_command_line_examples_are_understood(example: Example) -> None:
    """Each verb and option in an example exists; nothing is run."""
    words = shlex.split(example.code, comments=True)[1:]
    context = click.Context(group)
    if words[0].startswith("-"):
        return
    command = group.get_command(context, words.pop(0))
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
    assert command is not None
    command.make_context("agnez", words, parent=context)
