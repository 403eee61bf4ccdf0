"""Sends on and on, at about so many points a second, until a line comes on standard input."""

import sys
import threading
import time

from agnez_client import Context

name, rate = sys.argv[1], float(sys.argv[2])
ended = threading.Event()


def listen() -> None:
    """Wait for the word to end."""
    sys.stdin.readline()
    ended.set()


threading.Thread(target=listen, daemon=True).start()
with Context(name=name) as ctx:
    channels = [ctx.job.create_channel(f"count-{k}", "NUMERIC") for k in range(3)]
    print("started", flush=True)
    sent, begun = 0, time.monotonic()
    while not ended.is_set():
        due = int((time.monotonic() - begun) * rate)
        for i in range(sent, due):
            for channel in channels:
                channel.send(x=i, y=float(i))
        sent = max(sent, due)
        ended.wait(0.005)
print(f"sent {sent}", flush=True)
