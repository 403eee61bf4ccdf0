"""Pictures that the client gives to a real server."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from agnez_client import AsyncValues, Values


def test_an_array_is_uploaded_and_shown(values: Values) -> None:
    """Its picture is found at the address that the document names."""
    cell = values.cell("Weights")
    cell.show(np.eye(4))

    found = values.get(cell.id)
    answer = requests.get(f"{values.url}/{found['value']}", timeout=30)
    assert found["type"] == "img"
    assert answer.headers["Content-Type"] == "image/png"
    assert struct.unpack(">II", answer.content[16:24]) == (4, 4)


@pytest.mark.parametrize("content", ["svg", "png"])
def test_files_are_uploaded(values: Values, tmp_path: Path, content: str) -> None:
    """A path, whatever it holds that browsers show."""
    path = tmp_path / f"a.{content}"
    if content == "svg":
        path.write_text("<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>")
    else:
        Image.new("RGB", (3, 2)).save(path)

    url = values.upload(path)

    assert requests.get(f"{values.url}/{url}", timeout=30).content == path.read_bytes()


async def test_a_picture_is_uploaded_by_who_awaits(values: Values, server_url: str) -> None:
    """The address is that which `Values` gives: the same bytes are kept once."""
    picture = np.eye(3)
    async with AsyncValues(server_url) as client:
        assert await client.upload(picture) == values.upload(picture)
