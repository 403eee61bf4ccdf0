"""A server that takes what it is sent and does not answer, while something is trained."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from agnez_client import Context
from tests.client.ingest_server import Handler, IngestServer, TakenSpool


def trained_in_silence(
    server: IngestServer, begin: Callable[..., Context], train: Callable[[Any], Any]
) -> TakenSpool:
    """
    What *server* has in the end of a training that was through before it gave its first answer.

    Args:
        train: Called with the job to write to.
    """
    asked: list[None] = []
    answers = threading.Event()

    def hold(handler: Handler) -> bool:
        with server.changed:
            asked.append(None)
            server.changed.notify_all()
        answers.wait(60)
        return False

    server.always = hold
    ctx = begin()
    try:
        train(ctx.job)
        server.wait_for(lambda: asked)
        # Who waits for an answer gives up after half a minute, and asks again.
        assert len(asked) == 1 and not server.batches
    finally:
        server.always = None
        answers.set()
    ctx.finish()
    return server.only
