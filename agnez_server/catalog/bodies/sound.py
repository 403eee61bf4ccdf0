"""AUDIO: one or more recordings."""

from __future__ import annotations

from typing import Final

from agnez_server.catalog.bodies.fields import Fields

MAX_ITEMS: Final = 64
MAX_RATE: Final = 10_000_000
MAX_CHANNELS: Final = 1024


def check(body: Fields) -> None:
    """Each a blob; its length in seconds, rate in Hz and channels where they are known."""
    for sound in body.parts("items", 1, MAX_ITEMS):
        sound.blob("audio/")
        if sound.has("seconds"):
            sound.number("seconds", 0)
        for key, most in (("rate", MAX_RATE), ("channels", MAX_CHANNELS)):
            if sound.has(key):
                sound.whole(key, 1, most)
        sound.texts("caption")
