"""Sends so many points, then is killed: nothing runs after the last `send()`."""

import os
import signal
import sys

from agnez_client import Context

name, count = sys.argv[1], int(sys.argv[2])
ctx = Context(name=name)
channel = ctx.job.create_channel("count", "NUMERIC")
for i in range(count):
    channel.send(x=i, y=i)
os.kill(os.getpid(), signal.SIGKILL)
