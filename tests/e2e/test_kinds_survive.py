"""Any value of any kind: sent, spooled, stored, exported, imported, exported again, unchanged."""

from __future__ import annotations

import contextlib
import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from agnez_client import Context
from agnez_client.kinds import CHANNEL_CLASSES
from agnez_client.kinds.entry import EntryChannel
from agnez_client.transfer.collect import collect_run
from agnez_client.transfer.deliver import deliver_run
from agnez_client.transfer.source import RunSource
from agnez_client.transport import Transport
from tests.support.agnez_up import agnez_up

EXAMPLES = 8
NUMBERS = st.floats(width=32) | st.integers(-(2**60), 2**60)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
PIXELS = npst.arrays(
    st.sampled_from([np.uint8, np.float32, np.bool_]),
    st.tuples(st.integers(1, 12), st.integers(1, 12)) | st.just((5, 7, 3)),
)  # fmt: skip
CELLS = NUMBERS | TEXTS | st.none() | st.booleans()
TRUTH = st.lists(st.integers(0, 1), min_size=2, max_size=30)
VALUES: dict[str, st.SearchStrategy[tuple[Any, dict[str, Any]]]] = {
    "NUMERIC": st.tuples(NUMBERS, st.just({})),
    "HISTOGRAM": st.tuples(
        npst.arrays(np.float64, st.integers(1, 50), elements=st.floats(-1e9, 1e9)), st.just({})
    ),
    "IMAGE": st.tuples(PIXELS, st.fixed_dictionaries({"caption": TEXTS})),
    "TEXT": st.tuples(TEXTS, st.just({})),
    "TABLE": st.tuples(
        st.lists(st.fixed_dictionaries({"a": CELLS, "ü": TEXTS}), min_size=1, max_size=6),
        st.just({}),
    ),
    "AUDIO": st.tuples(
        npst.arrays(np.int16, st.integers(1, 40)), st.just({"rate": 8000, "caption": "α"})
    ),
    "VIDEO": st.tuples(st.just(np.zeros((3, 16, 16, 3), np.uint8)), st.just({"fps": 4})),
    "HTML": st.tuples(TEXTS.filter(bool), st.just({})),
    "FIGURE": st.tuples(
        st.just('<svg xmlns="http://www.w3.org/2000/svg"><text>é</text></svg>'), st.just({})
    ),
    "PR_CURVE": st.tuples(
        TRUTH.map(lambda t: (np.array([*t, 0, 1]), np.linspace(0, 1, len(t) + 2))), st.just({})
    ),
    "ROC_CURVE": st.tuples(
        TRUTH.map(lambda t: (np.array([*t, 0, 1]), np.linspace(1, 0, len(t) + 2))), st.just({})
    ),
    "CONFUSION_MATRIX": st.tuples(TRUTH.map(lambda t: (t, t[::-1])), st.just({})),
    "MARKER": st.tuples(
        TEXTS.filter(str.strip), st.sampled_from([{"level": "info"}, {"level": "error"}])
    ),
    "ARTEFACT": st.tuples(st.binary(max_size=200), st.just({"metadata": {"ñ": [1, None]}})),
}  # fmt: skip
SENT = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(lambda k: st.tuples(st.just(k), VALUES[k])), max_size=14
)


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two servers with nothing in common."""
    with (
        agnez_up(tmp_path_factory.mktemp("a")) as first,
        agnez_up(tmp_path_factory.mktemp("b")) as second,
    ):
        yield [first.url, second.url]


def test_every_kind_is_tried() -> None:
    """A kind that is added has to be added above."""
    assert set(VALUES) == set(CHANNEL_CLASSES)


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(sent=SENT)
def test_what_was_sent_survives(urls: list[str], sent: list[tuple[str, Any]]) -> None:
    """The exported entries are what the kind encoded; a second server exports the same bytes."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        expected = Expected()
        with Context(url=urls[0], strict=True, spool=folder / "spool") as ctx:
            for step, (type, (y, more)) in enumerate(sent):
                channel = ctx.job.create_channel(type, type)
                expected.send(channel, step, as_file(folder, step, y), more)
        transports = [stack.enter_context(contextlib.closing(Transport(url))) for url in urls]
        there, back = folder / "there", folder / "back"
        collect_run(RunSource(transports[0], ctx.job.run), there)
        deliver_run(transports[1], there)
        collect_run(RunSource(transports[1], ctx.job.run), back)

        expected.check(there)
        assert tree(there) == tree(back)


def as_file(folder: Path, step: int, y: Any) -> Any:
    """Bytes are what an artefact holds: they are sent as a file."""
    if not isinstance(y, bytes):
        return y
    path = folder / f"file-{step}"
    path.write_bytes(y)
    return path


class Expected:
    """What has to be found again."""

    def __init__(self) -> None:
        self._bodies: dict[str, list[tuple[int, Any]]] = {}
        self._numbers: list[tuple[int, float]] = []
        self._blobs: dict[str, bytes] = {}

    def send(self, channel: Any, step: int, y: Any, more: dict[str, Any]) -> None:
        """Send, and note what that encodes; the same content of a file is no new version."""
        channel.send(step, y, **more)
        if not isinstance(channel, EntryChannel):
            self._numbers.append((step, float(y)))
            return
        if channel.type in ("VIDEO", "FIGURE"):  # encoders may stamp each of their files
            return
        encoded = channel.encode(y, **more)
        known = self._bodies.setdefault(channel.type, [])
        if (
            channel.type == "ARTEFACT"
            and known
            and known[-1][1]["sha256"] == encoded.body["sha256"]
        ):
            return
        known.append((step, json.loads(json.dumps(encoded.body))))

    def check(self, folder: Path) -> None:
        """Compare with an exported run."""
        channels = json.loads((folder / "channels.json").read_text("utf-8"))
        numbers = {c["name"]: n for n, c in enumerate(channels)}
        for type, bodies in self._bodies.items():
            (file,) = (folder / "entries" / str(numbers[type])).iterdir()
            items = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
            assert [(item["x"], item["body"]) for item in items] == bodies
        if self._numbers:
            (file,) = (folder / "points" / str(numbers["NUMERIC"])).iterdir()
            points = np.load(file)
            pairs = zip(points["x"].tolist(), points["y"].tolist(), strict=True)
            for found, wanted in itertools.zip_longest(pairs, self._numbers):
                assert found[0] == wanted[0] and np.array_equal(found[1], wanted[1], equal_nan=True)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below *folder* with its bytes."""
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}
