"""Requests that schemathesis makes of our OpenAPI document, to a server that asks for tokens."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agnez_server.api.router import endpoints
from agnez_server.authfiles import SCOPES, AuthFiles, Scope
from agnez_server.keys import GATE
from tests.server.bodies import EXAMPLES, PNG, named, put_all, sha256
from tests.server.logins import bearer
from tests.server.running import RunningServer, running
from tests.server.spools import WALL_US, Spool
from tests.support.proof import proved, size

HOOKS = Path(__file__).parent / "schemathesis_hooks.py"
CONFIG = """
color = false
hooks = "{hooks}"
warnings = false
auth.openapi.token.bearer = "{token}"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "404", "405", "409", "410", "416"]

[checks.missing_required_header]
expected-statuses = ["400", "405"]

[phases.coverage]
unexpected-methods = ["DELETE", "QUERY"]

# Taken away is into the trash, where it can still be read.
[[operations]]
include-operation-id = "delete_run"
checks.use_after_free.enabled = false
"""
QUICK = """
[[operations]]
include-operation-id = ["put_arrangement", "create_import"]
phases.coverage.enabled = false

[[operations]]
include-operation-id = ["create_run", "patch_run"]
phases.fuzzing.enabled = false
"""
"""Lists of 10,001 ids and texts of 100,000 characters take long to be made."""
LOOSE = """
[[operations]]
include-operation-id = {name}
checks.positive_data_acceptance.enabled = false
"""
CONTRADICTORY = [
    "get_points", "get_band", "get_raw", "get_console", "get_entries",  # two that don't go together
    "get_steps",  # of a channel that holds numbers
    "put_arrangement",  # the place stands in the query as well
    "post_points",  # lists of two lengths, bodies of another kind
    "post_epoch", "post_epoch_of_run",  # a form holds JSON
    "create_import", "put_retention", "apply_retention", "update_values", "create_value",
    "post_lines", "open_session", "update_value", "patch_value", "patch_values", "override_method",
    "put_blob",  # the hash is another
]  # fmt: skip
"""Operations that may refuse what fits their schema: it can't say what goes together."""


async def filled(server: RunningServer) -> dict[str, list[str]]:
    """The ids of what was put there: something of each kind."""
    spool = Spool(name="r", params={"a": 1}, tags=["t"])
    spool.send(1.5, float("nan"), float("inf"), -0.0)
    for n, type in enumerate(("ARTEFACT", "IMAGE", "MARKER"), 1):
        spool.event("channel", n=n, name=type, type=type)
        body = EXAMPLES[type]
        spool.event("entry", n=n, x=1, wall=WALL_US, body=body, blobs=named(body))
    spool.event("chart", id="mine", channels=["loss"])
    spool.event("console", stream="stdout", first=0, lines=["hello"], walls=[WALL_US])
    await put_all(server)
    await server.taken(spool.batch())
    _, record = await server.call("POST", "/values", json={"type": "html"})
    return {
        "run": [spool.run],
        "channel": [f"{spool.run}.{n}" for n in range(4)],
        "chart": ["mine", "channel.1"],
        "id": [record["_id"]],
        "sha256": [sha256(PNG)],
    }


def tokens_of(directory: Path) -> dict[Scope, str]:
    """A token of each scope, made before the server starts."""
    directory.mkdir(mode=0o700)
    files = AuthFiles(directory)
    return {scope: files.add_token(scope, scope)[1] for scope in SCOPES}


@asynccontextmanager
async def locked(directory: Path) -> AsyncIterator[tuple[RunningServer, dict[Scope, str]]]:
    """A server that asks for a token, and one of each scope."""
    tokens = tokens_of(directory)
    async with running(directory, login=True) as server:
        server.http.headers.update(bearer(tokens["admin"]))
        yield server, tokens


@pytest.mark.proof
@pytest.mark.timeout(1200)
async def test_the_document_is_kept_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is sent, the answer is one that the document describes, and never a 500."""
    async with locked(tmp_path / "data") as (server, tokens):
        ids = await filled(server)
        tries = server.served.app[GATE].tries  # wrong tokens are part of it
        monkeypatch.setattr(tries, "wait_s", lambda _: 0.0)
        config = tmp_path / "schemathesis.toml"
        loose = [LOOSE.format(name=json.dumps(name)) for name in CONTRADICTORY]
        config.write_text(CONFIG.format(hooks=HOOKS, token=tokens["admin"]) + "".join(loose))
        with config.open("a") as file:
            file.write(size(QUICK, ""))
        status, said = await schemathesis(config, server, ids)

    assert status == 0, said
    assert [r.getMessage() for r in caplog.records if r.levelname in ("ERROR", "CRITICAL")] == []
    cases = re.findall(r"(\d+) generated", said)
    proved("openapi", "requests made of the OpenAPI document by schemathesis: every answer is one "
           "that it describes", f"{int(cases[0]):,} requests")  # fmt: skip


async def schemathesis(
    config: Path, server: RunningServer, ids: dict[str, list[str]]
) -> tuple[int, str]:
    """The exit status of a run, and all that it said."""
    seeded = size(["--generation-deterministic"], ["--seed", str(secrets.randbits(32))])
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run",
        f"{server.api}/openapi.json", "--continue-on-failure",
        "--max-examples", size("1", "200"), "--no-shrink", "--request-timeout", "60", *seeded,
    ]  # fmt: skip
    environment = {**os.environ, "AGNEZ_FUZZED": json.dumps(ids), "COLUMNS": "200"}
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=config.parent, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")


async def test_every_operation_asks_who_calls(tmp_path: Path) -> None:
    """Without a token 401 but for what is open to all; with a smaller scope than it needs 403."""
    async with locked(tmp_path / "data") as (server, tokens):
        del server.http.headers["Authorization"]
        for e in endpoints():
            path = e.path.format(run="r", channel="c", project="p", chart="x", sha256="0", id="i")
            status, _ = await server.call(e.method, path)
            assert (status == 401) == (e.scope is not None), (e.method, path, status)
            for scope in SCOPES[: SCOPES.index(e.scope)] if e.scope else ():
                status, _ = await server.call(e.method, path, headers=bearer(tokens[scope]))
                assert status == 403, (e.method, path, scope, status)
