"""
Readers of the client, fed with anything: answers of a server, folders of a stranger, variables.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agnez_client.columns import Block, decode_columns, encode_columns
from agnez_client.errors import AgnezError, SettingsError
from agnez_client.settings import Settings, load_settings
from agnez_client.spool.examine import examine
from agnez_client.transfer.folder import FolderError, RunFolder, SeriesKey

few = settings(max_examples=100, deadline=None)
# A float from its bits: a NaN with a payload is a value too.
floats = st.integers(0, 2**64 - 1).map(lambda bits: float(np.uint64(bits).view(np.float64)))
numbers = st.lists(floats, max_size=4)


def block(series: int, ys: list[float], exact: bool) -> Block:
    """A block of *ys*."""
    column = np.array(ys, np.float64)
    return Block(series, 1, 5, 2, 0, len(ys), column, column, column, exact)


def sent(blocks: list[Block]) -> bytes:
    """A live frame, number 7."""
    return encode_columns(blocks, number=7)


@few
@given(st.lists(st.builds(block, st.integers(0, 2**32 - 1), numbers, st.booleans()), max_size=3))
def test_columns_come_back(blocks: list[Block]) -> None:
    """To the bit."""
    number, found = decode_columns(sent(blocks))

    assert number == 7
    assert [b.series for b in found] == [b.series for b in blocks]
    for one, other in zip(found, blocks, strict=True):
        assert one.exact == other.exact
        assert one.y.tobytes() == other.y.tobytes()


@few
@given(st.lists(st.builds(block, st.integers(0, 9), numbers, st.booleans()), max_size=2), st.data())
def test_damaged_columns_are_columns_or_a_value_error(
    blocks: list[Block], data: st.DataObject
) -> None:
    """Bytes changed and cut off: what is decoded lies within the body."""
    body = bytearray(sent(blocks))
    for _ in range(data.draw(st.integers(0, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(body[: data.draw(st.integers(0, len(body)))])
    try:
        _, found = decode_columns(cut)
    except ValueError as error:
        assert str(error)
    else:
        assert sum(24 * len(b.x) for b in found) <= len(cut)


@few
@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda rest: b"AGC1" + rest))
@example(b"AGC1" + b"\xff" * 60)
def test_any_bytes_are_columns_or_a_value_error(body: bytes) -> None:
    """A count of four thousand million blocks takes no memory."""
    try:
        decode_columns(body)
    except ValueError as error:
        assert str(error)


# -- folders ---------------------------------------------------------------------------------

NPY = b"\x93NUMPY\x01\x00"


def npy(header: str) -> bytes:
    """A file of numpy with this header and no numbers."""
    text = header.encode("latin-1", "replace")
    return NPY + len(text).to_bytes(2, "little") + text


GOOD = "{'descr': [('x', '<f8'), ('y', '<f8'), ('wall', '<i8')], 'fortran_order': False, "
files = (
    st.binary(max_size=60)
    | st.text(max_size=40).map(npy)
    | st.integers(-5, 2**70).map(lambda n: npy(f"{GOOD}'shape': ({n},), }}\n"))
    | st.sampled_from([b"PK\x03\x04", b"\x80\x04.", npy("[" * 900), npy("{'descr': '|O'}")])
)


@few
@given(files)
@example(npy(f"{GOOD}'shape': (0,), }}\n"))
@example(npy(f"{GOOD}'shape': ({2**62},), }}\n"))
@example(npy("{'descr': [('x', '|O'), ('y', '|O'), ('wall', '|O')], 'fortran_order': False, "
             "'shape': (1,), }\n"))  # fmt: skip
@example(npy("{'descr': [('x', '<U3'), ('y', '<f8'), ('wall', '<i8')], 'fortran_order': False, "
             "'shape': (0,), }\n"))  # fmt: skip
@example(npy("-" * 9000 + "1"))
def test_any_file_of_points_is_read_or_damaged(data: bytes) -> None:
    """FolderError for all that is no file of points; nothing in it is ever run."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "points" / "0" / "1-0.npy"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        try:
            points = RunFolder(Path(name)).read_points(SeriesKey(0, 1, 0))
        except FolderError as error:
            assert str(path) in str(error)
        else:
            assert points.dtype.names == ("x", "y", "wall")
            assert all(points.dtype[i].kind in "fiu" for i in range(3))


texts = st.binary(max_size=40) | st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
).map(lambda value: json.dumps(value).encode())  # fmt: skip


@few
@given(texts)
@example(b"[" * 100_000)
@example(b'{"a": "\xff"}')
def test_any_file_of_a_folder_is_read_or_damaged(data: bytes) -> None:
    """JSON and lines of JSON, each of them an object."""
    with tempfile.TemporaryDirectory() as name:
        folder = RunFolder(Path(name))
        (Path(name) / "agnez.json").write_bytes(data)
        for read in (folder.check, lambda: folder.read_json("agnez.json"),
                     lambda: list(folder.read_lines("agnez.json"))):  # fmt: skip
            try:
                read()
            except FolderError as error:
                assert "agnez.json" in str(error)


@few
@given(st.text(max_size=70) | st.sampled_from(["..", "../" * 20 + "etc/passwd", "/etc/passwd"]))
def test_no_name_of_a_blob_leads_out(name: str) -> None:
    """Only 64 hex digits are a name."""
    try:
        path = RunFolder(Path("/x")).blob(name)
    except FolderError:
        return
    assert path.parent == Path("/x/blobs")


# -- variables -------------------------------------------------------------------------------

NAMES = sorted(f.metadata["env"] for f in Settings.__dataclass_fields__.values())


@few
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.text(max_size=12)
        | st.sampled_from(
            ["1", "nan", "inf", "-1", "~nobody-is-called-so/x", "9" * 5000, "http://x"]
        ),
        max_size=3,
    )
)
@example({"AGNEZ_SPOOL_DIR": "~nobody-is-called-so/x"})
def test_any_variable_is_a_setting_or_refused(environ: dict[str, str]) -> None:
    """SettingsError, which names the variable."""
    try:
        load_settings(environ)
    except SettingsError as error:
        assert error.name in environ


# -- spools ----------------------------------------------------------------------------------

SPOOL_FILES = ["header.json", "events", "cursor", "points-0", "points-00000000000000000000", "lock"]


@few
@given(st.dictionaries(st.sampled_from(SPOOL_FILES), st.binary(max_size=120), min_size=1))
def test_any_files_are_a_spool_or_findings(found: dict[str, bytes]) -> None:
    """Random bytes by the names of a spool's files: the doctor says what he sees, and ends."""
    with tempfile.TemporaryDirectory() as name:
        spool = Path(name) / "host" / "spool"
        spool.mkdir(parents=True)
        for file, data in found.items():
            (spool / file).write_bytes(data)
        try:
            findings = list(examine(spool))
        except AgnezError as error:
            assert str(error)
        else:
            assert all(finding.what for finding in findings)
