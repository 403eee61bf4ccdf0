"""Channels that encode and send nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agnez_client.kinds import CHANNEL_CLASSES
from agnez_client.kinds.entry import Encoded
from agnez_client.spool.pen import Pen

Encode = Callable[..., Encoded]


@pytest.fixture
def encode() -> Encode:
    """What a channel of a type, made with options, makes of y."""

    def encoded(type: str, y: Any, options: dict[str, Any] | None = None, **more: Any) -> Encoded:
        pen = Pen(lambda: False, lambda: None)
        channel = CHANNEL_CLASSES[type]("c", 0, "run", pen, strict=True, options=options)
        return channel.encode(y, **more)  # type: ignore[attr-defined, no-any-return]

    return encoded
