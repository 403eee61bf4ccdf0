"""Whatever answers: training does not notice, nothing is lost, and a good server gets it once."""

from __future__ import annotations

import gzip
import json
import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnez_client import Context, transport
from agnez_client.delivery import Delivery, batch_body
from agnez_client.errors import TransportError
from agnez_client.protocol import decode_batch
from agnez_client.syncing import sync_spool
from agnez_client.transport import Response, Transport
from tests.client.damage import xs
from tests.client.ingest_server import IngestServer
from tests.client.spools import new_spool, write
from tests.support.bad_server import BadServer, endless, reset, says, silent
from tests.support.proof import FULL, proved

COUNT = 500
ORDINALS = st.integers(-2, 12) | st.integers() | st.none() | st.floats()
STORES = st.sampled_from(["ab" * 16, "cd" * 16, "00" * 16, "zz", "ab " * 16, "", "ab" * 40])
REFUSED = st.fixed_dictionaries(
    {}, optional={"event": ORDINALS, "point": ORDINALS, "reason": st.text(max_size=5)}
)
RECEIPTS = st.fixed_dictionaries(
    {},
    optional={
        "store": STORES | st.integers(),
        "events": ORDINALS,
        "points": ORDINALS,
        "refused": st.lists(REFUSED, max_size=3) | st.text(max_size=2),
        "next_in_ms": st.integers(-5, 10**30) | st.floats() | st.text(max_size=3),
        "code": st.sampled_from(["gap", "store_changed", "blobs_missing", "what"]),
        "sha256": st.lists(st.text(max_size=3), max_size=2),
    },
)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda r: json.dumps(r).encode(), RECEIPTS),
    st.builds(lambda r: json.dumps({"error": r}).encode(), RECEIPTS),
    st.builds(lambda r, n: json.dumps(r).encode()[:n], RECEIPTS, st.integers(0, 60)),
    st.sampled_from([b"[" * 100_000, b"{" * 9, b"null", b"1e999", b'"\\ud800"', b"9" * 5000]),
)
STATUSES = [200, 201, 204, 301, 304, 400, 401, 403, 404, 408, 409, 410, 413, 425, 429, 500, 502,
            503, 507]  # fmt: skip
LATER = ["", "0", "120", "-1", "1e9", "\xb2", "\u0663", "9" * 400, "Wed, 21 Oct 2015 07:28:00 GMT"]
ANSWERS = st.builds(
    lambda status, body, later: Response(status, {"retry-after": later}, body),
    st.sampled_from(STATUSES),
    BODIES,
    st.sampled_from(LATER),
)


@pytest.mark.proof
@settings(max_examples=3000 if FULL else 150, deadline=None)
@given(st.lists(ANSWERS, max_size=12))
def test_after_any_answers_a_good_server_gets_everything_once(answers: list[Response]) -> None:
    """Garbage, lies about marks, other stores, odd waits: then a good server answers."""
    spool, pen = new_spool(None)
    spool.events.append({"kind": "run", "id": spool.header.run})
    spool.events.append({"kind": "channel", "n": 0, "name": "loss", "type": "NUMERIC"})
    write(pen, *range(8))
    delivery, server = Delivery(spool), IngestServer.__new__(IngestServer)
    server.store, server.spools, server.deleted, server.blobs = b"\7" * 16, {}, set(), {}
    server.next_in_ms, server.refuses = 0, lambda kind, ordinal, thing: None
    for answer in answers:
        batch = delivery.next_batch() or delivery.heartbeat()
        try:
            verdict = delivery.answered(batch, answer)
        except TransportError:
            delivery.doubt()
        else:
            assert 0 <= verdict.wait_s <= 3600
    if not delivery.is_stopped:  # 410 is believed: the run was deleted
        write(pen, 8, 9)
        delivery.doubt()
        for _ in range(20):
            batch = delivery.next_batch()
            if batch is not None:
                status, told = server.take(decode_batch(batch_body(batch)))
                delivery.answered(batch, Response(status, {}, json.dumps(told).encode()))
        (taken,) = server.spools.values()
        assert xs(taken) == list(range(10))
        assert [e["kind"] for e in taken.events] == ["run", "channel"]
    assert spool.rejected.count <= len(answers) * 12
    spool.abandon()


HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GOOD = b'{"store":"' + b"ab" * 16 + b'","events":0,"points":0}'
BOMB = gzip.compress(bytes(64 << 20))
WAYS: dict[str, Callable[[Any], None]] = {
    "silence": silent,
    "an early end": says(b""),
    "a reset": reset,
    "half a status line": says(b"HTTP/1.1 20"),
    "a header without end": says(HTTP + b"X-Long: " + b"x" * 200_000),
    "half an answer": says(HTTP + b"Content-Length: 5000\r\n\r\n" + GOOD),
    "half an answer, then silence": says(
        HTTP + b"Content-Length: 5000\r\n\r\n" + GOOD, and_then=silent
    ),
    "too short a length": says(HTTP + b"Content-Length: 7\r\n\r\n" + GOOD),
    "no number as length": says(HTTP + b"Content-Length: many\r\n\r\n" + GOOD),
    "broken chunks": says(HTTP + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + GOOD),
    "no HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a web page": says(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>hi</html>"),
    "without end": endless,
    "a bomb": says(
        HTTP + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB
    ),
    "a redirect": says(
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/\r\n"
        b"Content-Length: 0\r\n\r\n"
    ),
}


@pytest.mark.proof
@pytest.mark.parametrize("way", WAYS)
def test_training_does_not_notice_what_answers(
    way: str,
    server: IngestServer,
    begin: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`send()` costs its thread what it costs; then all is in the spool, and arrives once."""
    monkeypatch.setattr(transport, "READ_TIMEOUT_S", 0.3)
    with ExitStack() as stack:
        bad = stack.enter_context(BadServer(WAYS[way]))
        ctx = begin(url=bad.url)
        folder = ctx.job.spool_folder
        loss = ctx.job.create_channel("loss")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.thread_time()
        for i in range(COUNT // 2):
            loss.send(x=i, y=float(i))
        assert bad.heard.acquire(timeout=20)
        assert bad.heard.acquire(timeout=20), "it asks again"
        for i in range(COUNT // 2, COUNT):
            loss.send(x=i, y=float(i))
        spent = time.thread_time() - began
        ctx.job.finish(timeout_s=0.2)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert folder is not None

    assert sync_spool(folder, Transport(server.url)).problem is None
    assert server.only.channel("loss") == [(i, i) for i in range(COUNT)]
    assert ctx.job.dropped == 0
    assert spent < 0.05
    assert grown < 40_000, "KiB"
    proved("bad-answers", "a server that answers with what is none: all arrives later, once", way)


def test_credentials_do_not_follow_a_redirect(
    server: IngestServer, begin: Callable[..., Context], tmp_path: Path
) -> None:
    """The other place is never asked: neither with the token nor without."""
    place = f"HTTP/1.1 308 Permanent Redirect\r\nLocation: {server.url}/api/v1/ingest\r\n"
    with BadServer(says(place.encode() + b"Content-Length: 0\r\n\r\n")) as bad:
        ctx = begin(url=bad.url, token="agnez_very-secret")
        ctx.job.create_channel("loss").send(y=1.0)
        assert bad.heard.acquire(timeout=20)
        assert bad.heard.acquire(timeout=20)
        ctx.job.finish(timeout_s=0.1)

    assert all(b"very-secret" in head for head in bad.requests)
    assert server.requests == []
