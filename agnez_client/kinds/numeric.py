"""
NUMERIC: y is one number, drawn as a line over x.

`send()` is the hot path of the whole SDK: it takes no lock and makes no system call. What is not a
plain float at a plain integer takes the longer way.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from time import time_ns
from typing import Any, ClassVar, Final

from agnez_client.kinds.channel import Channel
from agnez_client.kinds.number import INT64_MAX, INT64_MIN, as_x, as_y, is_on_device
from agnez_client.protocol import MARK_FLOAT, MARK_INT, RECORD_INT
from agnez_client.spool.pen import Pen

_pack_into: Final = RECORD_INT.pack_into
_FLOAT: Final = struct.Struct("<d")
_BITS: Final = struct.Struct("<q")


class NumericChannel(Channel):
    """See the module."""

    type: ClassVar[str] = "NUMERIC"
    __slots__ = ("_next_x",)

    def __init__(
        self,
        name: str,
        number: int,
        run: str,
        pen: Pen,
        *,
        strict: bool,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, number, run, pen, strict=strict, options=options)
        self._next_x: int | float = 0

    @property
    def last_x(self) -> int | float:
        """x of the last point; 0 before the first."""
        return max(0, self._next_x - 1)

    def send(self, x: Any = None, y: Any = None) -> None:
        """
        Take one point; when this returns it survives the process (see `Job.durable`).

        Args:
            x: A finite number; integers of 64 bits stay integers. The default is 0 for the first
                point, then the last x + 1.
            y: A Python number, NumPy scalar, or a tensor of one element on any device; NaN and
                infinity are welcome. A tensor's value is that of this moment, even if it is changed
                in place later; one on a device is safe once its copy has arrived.

        Raises:
            BadPoint: In strict mode, if x or y is none of these.
        """
        if x is None:
            x = self._next_x
        if type(y) is not float or type(x) is not int or not INT64_MIN <= x <= INT64_MAX:
            self._send_other(x, y)
            return
        self._next_x = x + 1
        segment = self._pen.segment
        at = segment.claim()
        if at <= segment.limit:
            try:
                _pack_into(segment.buffer, at, x, y, time_ns(), self.number, MARK_INT)
                return
            except (TypeError, ValueError):  # the segment was retired between the two
                pass
        self._write(x, y, time_ns())

    def _send_other(self, x: Any, y: Any) -> None:
        wall_ns = time_ns()
        try:
            x = as_x(x)
            if is_on_device(y):
                self._next_x = x + 1
                self._copy(x, y, wall_ns)
                return
            y = as_y(y)
        except Exception as error:  # noqa: BLE001 (whatever a foreign type raises, training goes on)
            self._refuse_bad(str(error))
            return
        self._next_x = x + 1
        self._write(x, y, wall_ns)

    def _copy(self, x: int | float, y: Any, wall_ns: int) -> None:
        def deposit(value: float) -> None:
            self._write(x, value, wall_ns)

        if not self._pen.copies.take(y, deposit):
            self._refuse_full()

    def _write(self, x: int | float, y: float, wall_ns: int) -> None:
        if type(x) is int:
            bits, mark = x, MARK_INT
        else:
            (bits,), mark = _BITS.unpack(_FLOAT.pack(x)), MARK_FLOAT
        if not self._pen.append(bits, y, wall_ns, self.number, mark):
            self._refuse_full()
