"""Bytes on a viewer's web socket, beside what other implementations write and read."""

from __future__ import annotations

import asyncio
import struct

import numpy as np
import pytest
from engineio.packet import Packet
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.columns import Block, decode_columns, encode_columns
from agnez_server.live.framing import Frame, credit_in, framed
from agnez_server.live.tap import Tap


def sent(text: str, mask: bytes, first: int = 0x81) -> bytes:
    """A short text as a browser sends it: RFC 6455, section 5.3."""
    body = text.encode()
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))
    return struct.pack("!BB", first, 0x80 | len(body)) + mask + masked


masks = st.binary(min_size=4, max_size=4)


@given(st.integers(0, 10**15 - 1), masks)
def test_credit_is_known_by_its_bytes(number: int, mask: bytes) -> None:
    """Whatever its mask."""
    assert credit_in(sent(f'42/live,["credit",{{"frame":{number}}}]', mask)) == number


@pytest.mark.parametrize(
    "text",
    [
        '42/live,["credit",{"frame":-1}]', '42/live,["credit",{"frame":1.5}]',
        '42/live,1["credit",{"frame":1}]', '42/live,["credit",{"frame":}]',
        '42/live,["watch",{"frame":1}]', "3", "", '42/live,["credit",{"frame":²}]',
    ],
)  # fmt: skip
def test_another_message_is_not_credit(text: str) -> None:
    """It goes the long way, where it is checked."""
    assert credit_in(sent(text, b"abcd")) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_at(data: bytes) -> None:
    """Noise, cut messages, several in one piece: none of them is credit."""
    assert credit_in(data) is None
    whole = sent('42/live,["credit",{"frame":7}]', b"\x00\xff\x01\x80")
    assert credit_in(whole + b"\x81") is None
    assert credit_in(whole[:-1]) is None
    assert credit_in(sent('42/live,["credit",{"frame":7}]', b"abcd", first=0x01)) is None


@pytest.mark.parametrize("points", [0, 3, 40, 5000])
def test_a_frame_on_the_wire_is_its_packets(points: int) -> None:
    """With its number in it, whatever the length of its body."""
    x = np.arange(float(points))
    frame = Frame(encode_columns([Block(1, 0, 0, 0, 0, points, x, x, x)]))

    packets = frame.packets(77)
    number, (block,) = decode_columns(packets[1].data)

    assert frame.on_wire(77) == b"".join(framed(one.encode()) for one in packets)
    assert (number, len(block.x)) == (77, points)
    assert [type(one) for one in packets] == [Packet, Packet]


def test_the_tap_takes_credit_and_passes_the_rest() -> None:
    """What is no credit reaches the protocol as it came."""

    class Protocol(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            passed.append(data)

    passed, credits = list[bytes](), list[int]()
    tap = Tap(Protocol(), credits.append)

    for data in (b"noise", sent('42/live,["credit",{"frame":4}]', b"wxyz"), sent("3", b"wxyz")):
        tap.data_received(data)

    assert credits == [4]
    assert passed == [b"noise", sent("3", b"wxyz")]
