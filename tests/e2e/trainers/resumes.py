"""Sends the steps first to last of a loss, then is killed or finishes; prints its run."""

import os
import signal
import sys

from agnez_client import Context

first, last, ending = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
ctx = Context(name="resumed")
loss = ctx.job.create_channel("loss", "NUMERIC")
print(ctx.job.run, flush=True)
for step in range(first, last + 1):
    loss.send(x=step, y=1000.0 / (1 + step) + (ending == "finishes"))
if ending == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
ctx.finish()
