"""A run with four writers: this process, a forked child, a spawned one, one joined by AGNEZ_RUN."""

import multiprocessing
import os
import subprocess
import sys

from agnez_client import Context


def write(who: int) -> None:
    """A hundred points of our own in the channel that all share."""
    channel = Context(name="family").job.create_channel("shared", "NUMERIC")
    for x in range(100):
        channel.send(x=x, y=float(who))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write(3)
        sys.exit()
    ctx = Context(name="family")
    channel = ctx.job.create_channel("shared", "NUMERIC")
    for x in range(100):
        channel.send(x=x, y=0.0)
    child = os.fork()
    if child == 0:
        for x in range(100):
            channel.send(x=x, y=1.0)
        os._exit(0)  # as a worker of a DataLoader: no atexit, no goodbye
    os.waitpid(child, 0)
    os.environ["AGNEZ_RUN"] = ctx.job.run
    spawned = multiprocessing.get_context("spawn").Process(target=write, args=(2,))
    spawned.start()
    spawned.join()
    subprocess.run([sys.executable, __file__, "joined"], check=True)
    ctx.finish()
