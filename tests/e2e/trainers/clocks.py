"""Sends the time into several channels, so often a second, until a line comes on standard input."""

import sys
import threading
import time

from agnez_client import Context

rate, count = float(sys.argv[1]), int(sys.argv[2])
ended = threading.Event()


def listen() -> None:
    """Wait for the word to end."""
    sys.stdin.readline()
    ended.set()


threading.Thread(target=listen, daemon=True).start()
with Context(name="clocks") as ctx:
    channels = [ctx.job.create_channel(f"clock {n:02}", "NUMERIC") for n in range(count)]
    for channel in channels:
        channel.send(y=time.time())
    print(ctx.job.run, flush=True)
    while not ended.wait(1 / rate):
        for channel in channels:
            channel.send(y=time.time())
