"""The clients of Feathers as they come from npm, unmodified, against a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agnez_server.authfiles import AuthFiles
from tests.feathers.node import declared, run_tests
from tests.server.running import RunningServer, running
from tests.support.complaints import listening_to_the_log

SOCKETS = ["websocket", "polling"]
TRANSPORTS = ["rest", *SOCKETS]

_OBJECT = "looks at a property of an adapter in its own process"
_OPTION = "sets an option of an adapter in its own process, which no client can"
_OFF_FIRST = "wants calls for many records refused until an option is set: here they are on"

EXCLUDED = {
    ".options": _OBJECT,
    ".events": _OBJECT,
    ".create multi": _OFF_FIRST,
    ".patch multiple": _OFF_FIRST,
    ".remove + multi": _OFF_FIRST,
    ".patch multiple no pagination": _OPTION,
    ".remove + multi no pagination": _OPTION,
    "params.adapter + multi": _OPTION,
    "params.adapter + paginate": _OPTION,
    ".find + paginate": _OPTION,
    ".find + paginate + query": _OPTION,
    ".find + paginate + $limit + $skip": _OPTION,
    ".find + paginate + $limit 0": _OPTION,
    ".find + paginate + params": _OPTION,
}
"""
Cases of @feathersjs/adapter-tests that make no sense from afar, and why.

Calls for many records are tested in calls.mjs instead; pages are off, as they are there unless set.
"""
PUBLISHED = 79
"""How many cases there are in the version of the lock file."""


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    """One server for all clients, which has nothing to complain of afterwards."""
    with listening_to_the_log() as complaints:
        async with running(tmp_path_factory.mktemp("feathers")) as server:
            yield server
    assert complaints == []


@pytest.mark.parametrize("kind", TRANSPORTS)
async def test_the_published_cases_pass(server: RunningServer, kind: str) -> None:
    """What Feathers asks of a database adapter holds for our service, over each transport."""
    results = await run_tests("adapter.mjs", server.root, kind, json.dumps(list(EXCLUDED)))

    assert results.failed == {}
    assert set(results.skipped) == set(EXCLUDED)
    assert len({*results.passed, *results.skipped}) == PUBLISHED


@pytest.mark.parametrize("kind", [*TRANSPORTS, "upgrade"])
async def test_clients_can_call(server: RunningServer, kind: str) -> None:
    """Records, queries, errors and sizes, as a client sees them; "upgrade" is socket.io's way."""
    results = await run_tests("calls.mjs", server.root, kind)

    assert results.failed == {}
    assert results.passed == declared("calls.mjs")


async def test_clients_hear_events(server: RunningServer) -> None:
    """Each change once, in one order for all, whatever transport it came by."""
    results = await run_tests("events.mjs", server.root)

    assert results.failed == {}
    assert results.passed == declared("events.mjs")


async def test_clients_show_tokens(tmp_path: Path) -> None:
    """Where a login is asked for: who shows nothing is refused, and each token does what it may."""
    (tmp_path / "data").mkdir(mode=0o700)
    files = AuthFiles(tmp_path / "data")
    tokens = [files.add_token(scope, scope)[1] for scope in ("read", "write")]
    async with running(tmp_path / "data", login=True) as server:
        results = await run_tests("tokens.mjs", server.root, *tokens)

    assert results.failed == {}
    assert results.passed == declared("tokens.mjs")
