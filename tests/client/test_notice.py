"""What a person at the terminal sees of the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from agnez_client import notice
from agnez_client.notice import show_notices
from tests.client.scripts import Script

Python = Callable[..., Script]
RUN = """
    from agnez_client import Context
    with Context(url="http://127.0.0.1:9", name="n") as ctx:
        pass
"""


@pytest.fixture
def bare_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """A program that has not set up logging."""
    ours = logging.getLogger("agnez_client_in_a_test")
    monkeypatch.setattr(notice, "_LOGGER", ours)
    yield ours
    ours.handlers = []


def test_lines_are_shown_where_nobody_set_up_logging(
    bare_logging: logging.Logger,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On standard error, from INFO up, once however many runs begin."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    show_notices()
    show_notices()
    bare_logging.info("run %s", 1)
    bare_logging.debug("quiet")

    assert capsys.readouterr().err == "agnez: run 1\n"


def test_lines_are_not_shown_twice(
    bare_logging: logging.Logger,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once the program sets up logging, that decides."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    show_notices()
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
    bare_logging.warning("twice?")

    assert capsys.readouterr().err == ""


def test_a_level_that_was_set_stays(
    bare_logging: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wants it silent has it silent."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    bare_logging.setLevel(logging.CRITICAL)

    show_notices()

    assert bare_logging.handlers == []


def test_a_program_prints_where_its_run_is(python: Python) -> None:
    """One line at its start, one at its end that says what waits."""
    status, out, errors = python(RUN).end()

    assert (status, out) == (0, "")
    lines = errors.splitlines()
    assert any("http://127.0.0.1:9/runs/0" in line for line in lines)
    assert "agnez sync" in lines[-1]
    assert len(lines) <= 3
