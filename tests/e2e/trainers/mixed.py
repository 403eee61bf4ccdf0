"""
Sends numbers, texts and pictures until it is told to end, or killed at any moment.

    python mixed.py NAME RATE COUNTS

What was sent stands in the file COUNTS, mapped into memory: four numbers of 8 bytes, each written
after its `send()` has returned. So a kill leaves it right, or one too low.
"""

import mmap
import struct
import sys
import threading
import time
from pathlib import Path

import numpy as np

from agnez_client import Context

name, rate, counts = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
ended = threading.Event()
counts.write_bytes(bytes(32))
with counts.open("r+b") as file:
    sent = mmap.mmap(file.fileno(), 32)


def listen() -> None:
    """Wait for the word to end."""
    sys.stdin.readline()
    ended.set()


def note(place: int, count: int) -> None:
    """So many were sent."""
    struct.pack_into("<q", sent, 8 * place, count)


threading.Thread(target=listen, daemon=True).start()
with Context(name=name) as ctx:
    numbers = [ctx.job.create_channel(f"count-{k}", "NUMERIC") for k in range(2)]
    text = ctx.job.create_channel("text", "TEXT")
    picture = ctx.job.create_channel("picture", "IMAGE")
    print(ctx.job.run, flush=True)
    step, begun = 0, time.monotonic()
    while not ended.is_set():
        due = int((time.monotonic() - begun) * rate)
        for i in range(step, due):
            for k, channel in enumerate(numbers):
                channel.send(x=i, y=float(i))
                note(k, i + 1)
            if i % 50 == 0:
                text.send(i // 50, f"text {i // 50}")
                note(2, i // 50 + 1)
            if i % 200 == 0:
                n = i // 200
                picture.send(n, np.full((4, 4), n % 256, np.uint8), caption=f"{n}")
                note(3, n + 1)
        step = max(step, due)
        ended.wait(0.005)
print("done", flush=True)
