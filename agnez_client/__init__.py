"""
The SDK of Agnez: send the numbers of a training run, and lose none.

>>> from agnez_client import Context
>>> with Context(project="digits") as ctx:                   # doctest: +SKIP
...     loss = ctx.job.create_channel("loss", "NUMERIC")
...     loss.send(x=0, y=0.5)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
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

_ROOMS: Final = {
    "chart": ("Chart",),
    "context": ("Context",),
    "errors": (
        "AgnezError", "BadPoint", "ChannelConflict", "ChannelError", "ChartError", "ParamsError",
        "RecordError", "RunClosed", "SettingsError", "SpoolError", "TransportError",
        "UnknownChannelType",
    ),
    "job": ("Job",),
    "kinds.audio": ("Audio",),
    "kinds.channel": ("Channel",),
    "kinds.histogram": ("Histogram",),
    "kinds.image": ("Image",),
    "kinds.video": ("Video",),
    "values": ("AsyncValues", "Values"),
}  # fmt: skip
_ROOM_OF: Final = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """
    What is asked for, its room loaded now.

    The server and `agnez --help` read a module or two of this package and none of the rest.
    """
    if (room := _ROOM_OF.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{room}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
