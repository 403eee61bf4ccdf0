"""TABLE and TEXT: whatever has rows and columns, and whatever is written."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.kinds.entry import Encoded
from agnez_client.kinds.table import encode_table
from agnez_client.kinds.text import encode_text

Encode = Callable[..., Encoded]
CELLS = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), max_size=20
) | st.floats(allow_nan=False, allow_infinity=False)  # fmt: skip
NAMES = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1, max_size=4, unique=True
)


class Frame:
    """A data frame as pandas has it, as far as a table looks at one."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self.columns = list(columns)
        values = [np.array(c) for c in columns.values()]
        self.iloc = type("Places", (), {"__getitem__": lambda _, key: values[key[1]]})()

    def to_numpy(self) -> None:
        """Never asked: it would lose the types of the columns."""
        raise AssertionError


@given(NAMES, st.data())
def test_every_form_is_the_same_table(names: list[str], data: st.DataObject) -> None:
    """Mappings, columns, rows with names; each cell as it was."""
    row = st.lists(CELLS, min_size=len(names), max_size=len(names))
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    expected = {"columns": names, "rows": rows}

    assert encode_table([dict(zip(names, r, strict=True)) for r in rows]).body == expected
    columns = {n: [r[i] for r in rows] for i, n in enumerate(names)}
    assert encode_table(columns).body == expected
    assert encode_table(rows, names).body == expected


FORMS = {
    "structured": (np.array([(1, 0.5)], [("a", "i4"), ("b", "f8")]), ["a", "b"], [[1, 0.5]]),
    "two axes": (np.array([[1, 2]]), ["0", "1"], [[1, 2]]),
    "texts": (np.array([["x", "y"]]), ["0", "1"], [["x", "y"]]),
    "tensor": (torch.tensor([[1.5, 2.0]], requires_grad=True), ["0", "1"], [[1.5, 2.0]]),
    "frame": (Frame({"a": [1, 2], "b": ["x", "y"]}), ["a", "b"], [[1, "x"], [2, "y"]]),
    "holes": ([{"a": 1}, {"b": 2}], ["a", "b"], [[1, None], [None, 2]]),
    "columns of numpy": ({"a": np.array([1.0, np.nan])}, ["a"], [[1.0], ["NaN"]]),
    "no rows": ({"a": []}, ["a"], []),
}


@pytest.mark.parametrize("way", FORMS)
def test_forms_of_others(encode: Encode, way: str) -> None:
    """numpy, torch, data frames."""
    y, columns, rows = FORMS[way]

    assert encode("TABLE", y).body == {"columns": columns, "rows": rows}


def test_cells_of_other_types_become_texts(encode: Encode) -> None:
    """Scalars of numpy are numbers; dates, large integers and others are what they look like."""
    row = {
        "a": np.float32(0.5), "b": np.bool_(True), "c": datetime.date(2026, 1, 2), "d": 1 << 80,
        "e": -np.inf, "f": torch.tensor(3), "g": [1, 2], "h": "colour \x1b[1m",
    }  # fmt: skip

    assert encode("TABLE", [row]).body["rows"] == [
        [0.5, True, "2026-01-02", str(1 << 80), "-Infinity", 3, "[1, 2]", "colour ?[1m"]
    ]


def test_a_large_table_is_a_blob(encode: Encode) -> None:
    """Its columns and the number of rows stand in the entry."""
    encoded = encode("TABLE", {"a": list(range(20_000))})

    (blob,) = encoded.blobs
    assert encoded.body == {"columns": ["a"], "count": 20_000, "blob": blob.ref}
    assert isinstance(blob.source, bytes)
    assert json.loads(blob.source) == {"columns": ["a"], "rows": [[i] for i in range(20_000)]}


BAD = {
    "ragged": ([[1, 2], [3]], {"columns": ["a", "b"]}, "row 1 has 1 cells for 2 columns"),
    "columns of two lengths": ({"a": [1], "b": [1, 2]}, {}, "different lengths"),
    "no names": ([[1]], {}, "give columns="),
    "mixed": ([{"a": 1}, [1]], {"columns": ["a"]}, "expected of mappings or of rows"),
    "twice": ([[1, 2]], {"columns": ["a", "a"]}, "occurs twice"),
    "no columns": ({}, {}, "0 columns"),
    "text": ("a,b", {}, "the text .* expected a table"),
    "a column of text": ({"a": "xyz"}, {}, "expected a list of cells"),
    "three axes": (np.zeros((1, 1, 1)), {}, "two axes"),
    "too many": ({"a": range(1_000_001)}, {}, "at most 1000000"),
    "a name of two lines": ({"a\x00": [1]}, {}, "not the name of a column"),
}


@pytest.mark.parametrize("way", BAD)
def test_what_is_no_table_says_so(encode: Encode, way: str) -> None:
    """What was found and what was expected."""
    y, more, expected = BAD[way]

    with pytest.raises(ValueError, match=expected):
        encode("TABLE", y, **more)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_text_is_kept_as_it_is(text: str) -> None:
    """Any Unicode, tabs and line breaks too."""
    assert encode_text(f"{text}\n\t{text}", "plain").body["text"] == f"{text}\n\t{text}"


def test_what_is_no_text_in_a_text_is_marked(encode: Encode) -> None:
    """Control characters and surrogates; line breaks have one form."""
    assert encode("TEXT", "a\x00\r\nb\rc\ud800").body["text"] == "a?\nb\nc?"
    assert encode("TEXT", "", {"format": "plain"}).body == {"text": "", "format": "plain"}


@pytest.mark.parametrize(
    ("y", "found"),
    [(None, "None"), (3, r"the number 3 \(int\)"), (b"bytes", "5 bytes"), (["a"], "a list")],
)
def test_what_is_no_text_says_so(encode: Encode, y: Any, found: str) -> None:
    """With what was found."""
    with pytest.raises(ValueError, match=f"y is {found}, expected a text"):
        encode("TEXT", y)
    with pytest.raises(ValueError, match="markdown, plain"):
        encode("TEXT", "a", format="html")
