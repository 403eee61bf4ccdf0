"""A server that is killed while many write: what was answered is there afterwards."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from typing import Any

import requests

from tests.support.agnez_up import agnez_up

WRITERS = 4
ANSWERS = 40
"""After so many patches of one writer the server is killed."""


def write(url: str, id: str, answered: list[dict[str, Any]], enough: Event) -> None:
    """
    Count up in the record *id* until nobody answers; *answered* has what was, *enough* is set when
    these are many.
    """
    with requests.Session() as http:
        try:
            answered.append(http.post(url, json={"_id": id, "n": 0}, timeout=10).json())
            for n in range(1, 1_000_000):
                answered.append(http.patch(f"{url}/{id}", json={"n": n}, timeout=10).json())
                if n == ANSWERS:
                    enough.set()
        except requests.RequestException:
            return


def test_what_was_answered_survives_sigkill(tmp_path: Path) -> None:
    """Each record is as its last answer said, or one patch further, which was on its way."""
    answered: list[list[dict[str, Any]]] = [[] for _ in range(WRITERS)]
    with agnez_up(tmp_path) as server:
        url = f"{server.url.rstrip('/')}/values"
        enough = Event()
        writers = [
            Thread(target=write, args=(url, f"w{n}", told, enough))
            for n, told in enumerate(answered)
        ]
        for writer in writers:
            writer.start()
        assert enough.wait(60)
        server.process.kill()
        for writer in writers:
            writer.join()

    with agnez_up(tmp_path) as server:
        found = requests.get(f"{server.url.rstrip('/')}/values", timeout=10).json()

    kept = {record["_id"]: record["n"] for record in found}
    assert max(map(len, answered)) > ANSWERS
    for n, told in enumerate(answered):
        last = told[-1]["n"] if told else -1
        assert kept.get(f"w{n}", -1) - last in (0, 1)
