"""
Many processes that send to one channel, as somebody who knows nothing of ranks writes it.

Arguments: how they come to be (`worker` is one of them), how many, and how many steps they take.
Each sends its own number at every step; number 17 stops 120 steps before the others.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial

from agnez_client import Context


def train(who: int, steps: int, begun: Callable[[], object] = int) -> None:
    """What every process runs; *begun* is called when it has its rank."""
    with Context(name="ranks") as ctx:
        begun()
        loss = ctx.job.create_channel("loss", "NUMERIC")
        for step in range(steps - 120 if who == 17 else steps):
            loss.send(x=step, y=float(who))


def told(who: int, count: int) -> dict[str, str]:
    """The variables that torchrun sets."""
    ranks = {"RANK": str(who), "LOCAL_RANK": str(who)}
    return {**ranks, "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}


def torchrun(count: int, steps: int) -> None:
    """Interpreters of their own."""
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "worker", str(who), str(steps)],
            env={**os.environ, **told(who, count)},
        )
        for who in range(count)
    ]
    assert [process.wait() for process in processes] == [0] * count


def forkserver(count: int, steps: int) -> None:
    """The same without what an interpreter costs to start: forked before there is any run."""
    children = []
    for who in range(count):
        children.append(os.fork())
        if children[-1] == 0:
            os.environ.update(told(who, count))
            train(who, steps)
            os._exit(0)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * count


def joined(count: int, steps: int) -> None:
    """Nothing but AGNEZ_RUN; all begin before the first one ends."""
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "gated", str(who), str(steps)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for who in range(count)
    ]  # fmt: skip
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.communicate("go\n")
    assert [process.returncode for process in processes] == [0] * count


def gate() -> None:
    """Say that we have begun; wait until all have."""
    print("begun", flush=True)
    sys.stdin.readline()


def spawn(count: int, steps: int) -> None:
    """Multiprocessing with fresh interpreters."""
    context = multiprocessing.get_context("spawn")
    begun = context.Barrier(count).wait
    processes = [context.Process(target=train, args=(who, steps, begun)) for who in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count


def fork(count: int, steps: int) -> None:
    """Forked children that send to the channel which they inherit; the parent sends as well."""
    begun = multiprocessing.get_context("fork").Barrier(count)
    with Context(name="ranks") as ctx:
        loss = ctx.job.create_channel("loss", "NUMERIC")

        def send(who: int) -> None:
            for step in range(steps):
                loss.send(x=step, y=float(who))
                if step == 0:
                    begun.wait()

        children = []
        for who in range(1, count):
            children.append(os.fork())
            if children[-1] == 0:
                send(who)
                os._exit(0)
        send(0)
        for child in children:
            os.waitpid(child, 0)


if __name__ == "__main__":
    kind, count, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    kinds = {
        "torchrun": torchrun, "forkserver": forkserver, "joined": joined, "spawn": spawn,
        "fork": fork, "worker": train, "gated": partial(train, begun=gate),
    }  # fmt: skip
    kinds[kind](count, steps)
