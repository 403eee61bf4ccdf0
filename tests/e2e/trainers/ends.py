"""Sends three points and ends in the way that its argument names."""

import os
import signal
import sys
import time

from agnez_client import Context

ctx = Context(name=sys.argv[1], experiment="ends", params={"lr": 0.1}, tags=["short"])
channel = ctx.job.create_channel("loss", "NUMERIC")
for x in range(3):
    channel.send(x=x, y=1.0 / (x + 1))
match sys.argv[1]:
    case "returns":
        pass
    case "raises":
        raise ValueError("the loss went away")
    case "interrupted":
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)
    case "terminated":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)
    case "exits":
        sys.exit(3)
