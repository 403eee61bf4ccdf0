"""Sends the time, so many times a second, until a line comes on standard input."""

import sys
import threading
import time

from agnez_client import Context

rate = float(sys.argv[1])
ended = threading.Event()


def listen() -> None:
    """Wait for the word to end."""
    sys.stdin.readline()
    ended.set()


threading.Thread(target=listen, daemon=True).start()
with Context(name="clock") as ctx:
    channel = ctx.job.create_channel("clock", "NUMERIC")
    print(ctx.job.run, flush=True)
    while not ended.wait(1 / rate):
        channel.send(y=time.time())
