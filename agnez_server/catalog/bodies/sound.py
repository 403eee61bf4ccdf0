"""AUDIO: one or more recordings."""

from __future__ import annotations

from typing import Final

from agnez_server.catalog.bodies.fields import Fields

MAX_ITEMS: Final = 64
MAX_RATE: Final = 10_000_000
MAX_CHANNELS: Final = 1024


def check(body: Fields) -> None:
    """Each a blob with its length in seconds, its rate in Hz, and how many channels it has."""
    for sound in body.parts("items", 1, MAX_ITEMS):
        sound.blob("audio/")
        sound.number("seconds", 0)
        sound.whole("rate", 1, MAX_RATE)
        sound.whole("channels", 1, MAX_CHANNELS)
        sound.texts("caption")
