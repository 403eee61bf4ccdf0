"""Settings: the command line over the environment over the defaults, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agnez_server.settings import ServerSettings, from_environment


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a user who has set nothing."""
    for name in ("HOST", "PORT", "DATA", "LOGIN", "BASE_PATH"):
        monkeypatch.delenv(f"AGNEZ_{name}", raising=False)


def test_the_defaults_are_private() -> None:
    """Without a word the server listens to this machine only."""
    settings = from_environment()

    assert (settings.host, settings.port, settings.is_loopback()) == (None, 3000, True)


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument overrides its variable, a variable the default; empty is not set."""
    monkeypatch.setenv("AGNEZ_PORT", "4000")
    monkeypatch.setenv("AGNEZ_HOST", "")
    monkeypatch.setenv("AGNEZ_DATA", "/var/lib/agnez")

    assert from_environment(port=5000, host=None).port == 5000
    assert from_environment() == ServerSettings(port=4000, data=Path("/var/lib/agnez"))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("1", True), ("TRUE", True), ("yes", True), ("on", True), ("0", False), ("False", False),
     ("no", False), ("off", False), ("", False)],
)  # fmt: skip
def test_a_switch_is_on_or_off(monkeypatch: pytest.MonkeyPatch, raw: str, expected: bool) -> None:
    """The usual words for yes and no."""
    monkeypatch.setenv("AGNEZ_LOGIN", raw)

    assert from_environment().login is expected


@pytest.mark.parametrize("raw", ["agnez", "/agnez", "/agnez/", "agnez/"])
def test_a_base_path_is_put_in_order(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    """With one slash before it and none behind."""
    monkeypatch.setenv("AGNEZ_BASE_PATH", raw)

    assert from_environment().base_path == "/agnez"


@pytest.mark.parametrize(
    ("variable", "raw"),
    [("AGNEZ_PORT", "http"), ("AGNEZ_PORT", "70000"), ("AGNEZ_PORT", "-1"), ("AGNEZ_LOGIN", "ture"),
     ("AGNEZ_BASE_PATH", "/a/../b"), ("AGNEZ_BASE_PATH", "/a b"), ("AGNEZ_BASE_PATH", "a//b")],
)  # fmt: skip
def test_a_variable_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, raw: str
) -> None:
    """A typing error never opens a door: the start fails and names the value."""
    monkeypatch.setenv(variable, raw)

    with pytest.raises(ValueError, match=raw.strip("/").replace("/", ".")):
        from_environment()


@pytest.mark.parametrize(
    "given",
    [{"max_viewers": 0}, {"lost_after_s": -1.0}, {"max_body_bytes": 0}, {"session_days": 0},
     {"frame_interval_s": 0}, {"backlog_bytes": -5}, {"base_path": "/"}, {"base_path": "agnez/"}],
)  # fmt: skip
def test_a_limit_is_above_zero(given: dict[str, Any]) -> None:
    """A limit that nothing could keep is refused by name."""
    with pytest.raises(ValueError, match=next(iter(given))):
        ServerSettings(**given)
