"""
What post.py shows, without html: numbers go to a chart that the page draws, live and zoomable.

    agnez up                             # in one terminal
    python training/cells/native.py      # in another
"""

import random
import time

from agnez_client import Context

with Context(project="cells", name="random") as ctx:
    number = ctx.job.create_channel("number", "NUMERIC")
    ctx.job.create_chart([number], "Random", "step", "number")
    for step in range(100):
        number.send(x=step, y=random.random())
        time.sleep(0.1)
