"""Scripts of Node that test, and what became of each of their tests."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
WITHIN_S = 60.0
REPORTER = FOLDER / "reporter.mjs"


@dataclass
class Results:
    """Names of tests, by what became of them; of those that failed with the reason."""

    passed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def take(self, line: str) -> None:
        """One line of the reporter."""
        told = json.loads(line)
        if told["outcome"] == "fail":
            self.failed[told["name"]] = told["why"]
        else:
            (self.passed if told["outcome"] == "pass" else self.skipped).append(told["name"])


def check_installed() -> None:
    """Fail with what to do where Node or the packages are missing."""
    if shutil.which("node") is None or not (FOLDER / "node_modules").is_dir():
        pytest.fail(
            "Node 20 or the packages of tests/feathers are missing: run ./scripts/test, "
            "or `npm ci --ignore-scripts` in tests/feathers",
            pytrace=False,
        )


def declared(script: str) -> list[str]:
    """The names of the tests that *script* holds."""
    return re.findall(r'^test\("(.+?)",', (FOLDER / script).read_text("utf-8"), re.M)


async def run_tests(script: str, *given: str) -> Results:
    """Run the tests of *script*; it has to end by itself, and say nothing but their results."""
    check_installed()
    process = await asyncio.create_subprocess_exec(
        "node", f"--test-reporter={REPORTER.as_uri()}", FOLDER / script, *given,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert not err, err.decode()
    results = Results()
    for line in out.decode().splitlines():
        results.take(line)
    assert process.returncode == (1 if results.failed else 0)
    return results
