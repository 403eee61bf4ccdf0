"""
The SDK of Agnez: send the numbers of a training run, and lose none.

>>> from agnez_client import Context
>>> with Context(project="digits") as ctx:                   # doctest: +SKIP
...     loss = ctx.job.create_channel("loss", "NUMERIC")
...     loss.send(x=0, y=0.5)
"""

from __future__ import annotations

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

__all__ = [
    "AgnezError",
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
    "Video",
    "__version__",
]
