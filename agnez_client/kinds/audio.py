"""AUDIO: y is a sound, as samples or as a file."""

from __future__ import annotations

import contextlib
import io
import os
import wave
from dataclasses import dataclass
from numbers import Number
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from agnez_client.kinds.arrays import as_array
from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.naming import as_text
from agnez_client.spool.blobs import Blob

MAX_SOUNDS: Final = 64
MAX_SAMPLES: Final = 100_000_000
"""Of all channels together: 26 minutes of stereo at 32 kHz."""
MAX_CHANNELS: Final = 8
MAX_CAPTION: Final = 1000
_MAGIC: Final = (
    (8, b"WAVE", "audio/wav"), (0, b"OggS", "audio/ogg"), (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"), (0, b"\xff\xfb", "audio/mpeg"), (0, b"\xff\xf3", "audio/mpeg"),
    (4, b"ftyp", "audio/mp4"), (0, b"\x1aE\xdf\xa3", "audio/webm"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """A sound: ``data`` is what `send()` takes, ``rate`` samples a second."""

    data: Any
    rate: int | None = None
    caption: str | None = None


class AudioChannel(EntryChannel):
    """Option ``rate``: samples a second, needed for samples; `send(rate=…)` for one entry."""

    type: ClassVar[str] = "AUDIO"
    known_options: ClassVar[frozenset[str]] = frozenset({"rate"})
    __slots__ = ()

    def encode(self, y: Any, *, rate: int | None = None, caption: str | None = None) -> Encoded:
        """The entry of one sound, or of a list of up to 64; see `encode_sound`."""
        rate = self.options.get("rate") if rate is None else rate
        several = isinstance(y, list | tuple) and not (y and isinstance(y[0], Number))
        sounds = list(y) if several else [y]
        if not 1 <= len(sounds) <= MAX_SOUNDS:
            raise ValueError(f"there are {len(sounds)} sounds, expected 1 to {MAX_SOUNDS}")
        items, blobs = [], []
        for sound in sounds:
            found = sound if isinstance(sound, Audio) else Audio(sound)
            item, blob = encode_sound(found.data, rate if found.rate is None else found.rate)
            words = found.caption if found.caption is not None else caption
            items.append({**item, **captioned(words)})
            blobs.append(blob)
        return Encoded({"items": items}, blobs)

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """See `Channel.check_options`."""
        if "rate" in options:
            check_rate(options["rate"])


def captioned(caption: Any) -> dict[str, str]:
    """What a body says of *caption*; ValueError if it is no text."""
    if caption is None:
        return {}
    if not isinstance(caption, str):
        raise ValueError(f"the caption is {caption!r:.60}, expected a text")
    return {"caption": as_text(caption)[:MAX_CAPTION]}


def encode_sound(data: Any, rate: int | None = None) -> tuple[dict[str, Any], Blob]:
    """
    One sound: samples become WAV with 16 bits, a file (its path or bytes) stays as it is.

    Args:
        data: Samples ``(N,)`` or ``(N, channels)``, also ``(channels, N)`` for at most 8 channels:
            floats from -1 to 1 (what is louder is cut, NaN is silence) or integers of their type's
            whole range.

    Raises:
        ValueError: If *data* is no sound, or *rate* is missing or none.
    """
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        if not path.is_file():
            raise ValueError(f"{str(path)!r:.200} is not a file, expected a sound or its path")
        with path.open("rb") as file:
            mime = sniffed(file.read(16))
        return described(Blob.of_file(path, mime))
    if isinstance(data, bytes | bytearray):
        return described(Blob.of(bytes(data), sniffed(bytes(data[:16]))))
    samples = as_samples(data)
    check_rate(rate)
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(int(rate or 0))
        file.writeframes(samples.astype("<i2").tobytes())
    return described(Blob.of(stream.getvalue(), "audio/wav"))


def check_rate(rate: Any) -> None:
    """Raises ValueError if *rate* is no number of samples a second."""
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or not 1 <= rate <= 768_000:
        raise ValueError(f"the rate is {rate!r:.60}, expected samples a second, as rate=16000")


def sniffed(head: bytes) -> str:
    """The type of the sound that begins with *head*; ValueError if it is none."""
    for at, magic, mime in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return mime
    raise ValueError("y is no sound that is known: WAV, Ogg, FLAC, MP3, MP4 or WebM")


def described(blob: Blob) -> tuple[dict[str, Any], Blob]:
    """What a body says of the sound in *blob*: of other files than WAV what PyAV reads, if any."""
    about: dict[str, Any] = {}
    if blob.mime == "audio/wav":
        with contextlib.suppress(wave.Error, EOFError), wave.open(_opened(blob), "rb") as file:
            rate = file.getframerate()
            about = {"seconds": file.getnframes() / rate, "rate": rate}
            about["channels"] = file.getnchannels()
    return {**blob.ref, **(about or _read_by_av(blob))}, blob


def _read_by_av(blob: Blob) -> dict[str, Any]:
    try:
        import av
    except ImportError:
        return {}
    try:
        with av.open(_opened(blob), "r") as file:
            track = file.streams.audio[0]
            about: dict[str, Any] = {"rate": track.rate, "channels": track.channels}
            return about | ({"seconds": file.duration / 1e6} if file.duration else {})
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"y is no sound that can be read: {error}") from error


def _opened(blob: Blob) -> Any:
    """What both readers take: the bytes as a file, or a path."""
    return io.BytesIO(blob.source) if isinstance(blob.source, bytes) else str(blob.source)


def as_samples(data: Any) -> npt.NDArray[np.int16]:
    """*data* as int16 ``(N, channels)``; see `encode_sound`."""
    array = as_array(data)
    if array.size > MAX_SAMPLES:
        raise ValueError(f"y has {array.size} samples, at most {MAX_SAMPLES} are allowed")
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise ValueError(f"y has the shape {array.shape}, expected (N,) or (N, channels)")
    if array.shape[1] > MAX_CHANNELS >= array.shape[0]:
        array = array.T
    if array.shape[1] > MAX_CHANNELS:
        raise ValueError(f"y has {array.shape[1]} channels, at most {MAX_CHANNELS} are allowed")
    kind, bits = array.dtype.kind, 8 * array.dtype.itemsize
    if kind == "f":
        whole = np.nan_to_num(array.astype(np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
        return np.rint(np.clip(whole, -1, 1) * 32767).astype(np.int16)
    if kind == "b":
        raise ValueError("y holds booleans, expected samples")
    signed = array.astype(np.int64) if kind == "i" else array.astype(np.uint64)
    if kind == "u":
        signed = (signed >> np.uint64(max(0, bits - 16))).astype(np.int64)
        return ((signed << max(0, 16 - bits)) - (1 << 15)).astype(np.int16)
    return ((signed >> max(0, bits - 16)) << max(0, 16 - bits)).astype(np.int16)
