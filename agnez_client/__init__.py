"""
The SDK of Agnez: send the numbers of a training run, and lose none.

>>> from agnez_client import Context
>>> with Context(project="digits") as ctx:                   # doctest: +SKIP
...     loss = ctx.job.create_channel("loss", "NUMERIC")
...     loss.send(x=0, y=0.5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

from agnez_client.chart import Chart
from agnez_client.context import Context
from agnez_client.errors import (
    AgnezError,
    BadPoint,
    ChannelConflict,
    ChannelError,
    ChartError,
    ParamsError,
    RecordError,
    RunClosed,
    SettingsError,
    SpoolError,
    TransportError,
    UnknownChannelType,
)
from agnez_client.job import Job
from agnez_client.kinds.audio import Audio
from agnez_client.kinds.channel import Channel
from agnez_client.kinds.histogram import Histogram
from agnez_client.kinds.image import Image
from agnez_client.kinds.video import Video

if TYPE_CHECKING:
    from agnez_client.values import AsyncValues, Values

__all__ = [
    "AgnezError",
    "AsyncValues",
    "Audio",
    "BadPoint",
    "Channel",
    "ChannelConflict",
    "ChannelError",
    "Chart",
    "ChartError",
    "Context",
    "Histogram",
    "Image",
    "Job",
    "ParamsError",
    "RecordError",
    "RunClosed",
    "SettingsError",
    "SpoolError",
    "TransportError",
    "UnknownChannelType",
    "Values",
    "Video",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Clients of `/values`: loaded by who asks for them."""
    if name in ("AsyncValues", "Values"):
        from agnez_client import values

        return getattr(values, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
