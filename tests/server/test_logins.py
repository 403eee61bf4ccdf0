"""The password, the session it opens, and how often it may be guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from agnez_server.auth import COOKIE, TRIES_PER_MINUTE, Gate, Tries
from agnez_server.authfiles import AuthFiles, fits
from tests.server.logins import PASSWORD, bearer, log_in
from tests.server.running import RunningServer

Start = Callable[..., AbstractAsyncContextManager[RunningServer]]


async def test_the_right_password_opens_a_session(locked: RunningServer) -> None:
    """After a login the cookie is enough, until the logout."""
    assert (await locked.call("GET", "/runs"))[0] == 401
    status, answer = await log_in(locked)
    assert (status, answer["scope"]) == (200, "admin")
    assert (await locked.call("GET", "/runs"))[0] == 200

    await locked.call("DELETE", "/session")

    assert (await locked.call("GET", "/runs"))[0] == 401


async def test_the_cookie_keeps_to_itself(locked: RunningServer) -> None:
    """No script reads it, no other site sends it; behind TLS it never goes without."""
    url, body = f"{locked.api}/session", {"password": PASSWORD}

    async with locked.http.post(url, json=body) as answer:
        plain = answer.cookies[COOKIE]
    async with locked.http.post(url, json=body, headers={"X-Forwarded-Proto": "https"}) as answer:
        secure = answer.cookies[COOKIE]

    assert plain["httponly"]
    assert plain["samesite"] == "Strict"
    assert (plain["path"], plain["domain"], plain["secure"]) == ("/", "", "")
    assert secure["secure"]
    assert 29 * 86_400 < int(plain["max-age"]) <= 30 * 86_400


async def test_the_cookie_stays_below_the_base_path(files: AuthFiles, start: Start) -> None:
    """Behind a proxy with other programs the cookie is sent to this one only."""
    files.set_password(PASSWORD)
    async with start(login=True, base_path="/lab/agnez") as server:
        async with server.http.post(f"{server.api}/session", json={"password": PASSWORD}) as answer:
            assert answer.cookies[COOKIE]["path"] == "/lab/agnez"
        assert (await server.call("GET", "/runs"))[0] == 200


async def test_wrong_tries_have_to_wait(locked: RunningServer) -> None:
    """After five wrong passwords the right one is not looked at either, for a while."""
    statuses = [(await log_in(locked, "wrong wrong"))[0] for _ in range(TRIES_PER_MINUTE)]

    status, error = await locked.refused("POST", "/session", json={"password": PASSWORD})

    assert statuses == [401] * TRIES_PER_MINUTE
    assert (status, error["code"]) == (429, "too_many_requests")
    assert 0 < error["retry_after_s"] <= 60


async def test_tries_at_the_same_moment_are_counted(locked: RunningServer) -> None:
    """A hundred guesses in one go are five."""
    answers = await asyncio.gather(*(log_in(locked, f"wrong {i:03}") for i in range(30)))

    assert sorted(status for status, _ in answers) == [401] * TRIES_PER_MINUTE + [429] * 25


async def test_a_right_password_forgives(locked: RunningServer) -> None:
    """Who remembers in time starts anew."""
    for _ in range(3):
        for _ in range(TRIES_PER_MINUTE - 1):
            await log_in(locked, "wrong wrong")
        assert (await log_in(locked))[0] == 200


async def test_wrong_tokens_have_to_wait(locked: RunningServer, files: AuthFiles) -> None:
    """Guessing tokens is slowed down too, a right token goes through."""
    _, secret = files.add_token("t", "read")
    statuses = [
        (await locked.call("GET", "/runs", headers=bearer(f"agnez_{i}")))[0] for i in range(7)
    ]

    assert statuses == [401] * 5 + [429] * 2
    assert (await locked.call("GET", "/runs", headers=bearer(secret)))[0] == 200


@pytest.mark.parametrize("body", [{}, {"password": 5}, {"password": None}, {"password": "x" * 1001},
                                  {"password": "a", "user": "b"}, [], "text"])  # fmt: skip
async def test_a_login_that_makes_no_sense(locked: RunningServer, body: object) -> None:
    """400, and it counts as no try."""
    for _ in range(TRIES_PER_MINUTE + 1):
        assert (await locked.refused("POST", "/session", json=body))[0] == 400


async def test_a_login_without_a_password(files: AuthFiles, start: Start) -> None:
    """Where only tokens were made the answer says how to set a password."""
    files.add_token("t", "admin")
    async with start(login=True) as server:
        status, answer = await log_in(server)
        assert status == 401
        assert "agnez password" in answer["error"]["hint"]


async def test_another_password_ends_all_sessions(locked: RunningServer, files: AuthFiles) -> None:
    """Cookies of the old password are worth nothing."""
    await log_in(locked)

    files.set_password("another password")

    assert (await locked.call("GET", "/runs"))[0] == 401


@pytest.mark.parametrize("cookie", ["", ".", "..", "a.b.c", "9999999999.00.00", "x" * 5000,
                                    "1e9.0.0", "é.é.é", "99999999999.abc"])  # fmt: skip
async def test_a_made_up_cookie_is_nobody(locked: RunningServer, cookie: str) -> None:
    """401, whatever stands in it."""
    headers = {"Cookie": f"{COOKIE}={cookie}"}

    assert (await locked.call("GET", "/runs", headers=headers))[0] == 401


def test_a_session_runs_out(files: AuthFiles) -> None:
    """After its days a cookie is worth nothing."""
    now = 1_000_000.0
    files.set_password(PASSWORD)
    gate = Gate(files, needs_login=True, session_days=2, clock=lambda: now)
    cookie, lasts_s = gate.open_session()

    assert gate.is_session(cookie)
    now += lasts_s - 1
    assert gate.is_session(cookie)
    now += 2
    assert not gate.is_session(cookie)


def test_a_password_is_hashed_slowly(files: AuthFiles, tmp_path: Path) -> None:
    """What is kept is argon2id with the library's parameters, and another each time."""
    kept = []
    for _ in range(2):
        files.set_password(PASSWORD)
        kept.append((tmp_path / "data" / "password").read_text())

    assert kept[0] != kept[1]
    assert all(not PasswordHasher().check_needs_rehash(text) for text in kept)
    assert kept[0].startswith("$argon2id$")
    assert fits(kept[0], PASSWORD)
    assert not fits(kept[0], PASSWORD + "x")


def test_a_password_has_eight_characters(files: AuthFiles) -> None:
    """A shorter one is refused."""
    with pytest.raises(ValueError, match="at least 8"):
        files.set_password("1234567")


def test_tries_are_forgotten_after_a_minute() -> None:
    """The oldest of five leaves room after sixty seconds."""
    now = 0.0
    tries = Tries(lambda: now)
    for _ in range(TRIES_PER_MINUTE):
        tries.note("a")
        now += 10

    assert now == 50.0
    assert tries.wait_s("a") == 10.0
    assert tries.wait_s("b") == 0.0
    now = 60.0
    assert tries.wait_s("a") == 0.0


def test_all_addresses_of_a_network_are_one_caller() -> None:
    """An IPv6 caller changes his address as he likes: his network is counted."""
    tries = Tries(lambda: 0.0)
    for i in range(TRIES_PER_MINUTE):
        tries.note(f"2001:db8::{i}")

    assert tries.wait_s("2001:db8::ffff") > 0
    assert tries.wait_s("2001:db8:0:1::1") == 0
    assert tries.wait_s("::ffff:10.0.0.1") == 0


def test_callers_do_not_pile_up() -> None:
    """Who tried long ago is forgotten."""
    now = 0.0
    tries = Tries(lambda: now)
    for i in range(25_000):
        now = float(i)
        tries.note(f"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}")

    assert len(tries._tries) <= 10_000
