"""Part `start`: what a person waits for: the command's help, and the first prediction of a stream."""

import subprocess
import time
from collections.abc import Iterator

from speed.figures import Figure
from speed.limit import timed
from speed.pace import begun
from speed.processes import running
from speed.rig import Rig

from console.child import program
from events import topics

HELPS = 7
MOST_HELP_SECONDS = 0.3


def figures(rig: Rig) -> Iterator[Figure]:
    """Seconds, with whatever the system's cache holds by then."""
    command = [*program(), "--help"]
    helps = [
        timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) for _ in range(HELPS)
    ]
    yield Figure("`scoreloop --help`", "s", helps, at_most=MOST_HELP_SECONDS)
    stream = rig.stream()
    stream.champion({"C": 10.0})
    firsts = Figure("`scoreloop up` until the first prediction", "s")
    for _ in range(rig.rounds):
        stream.append(1)
        starts, began = stream.ends(topics.PREDICTIONS), time.perf_counter()
        with running("up", stream.path):
            begun(stream, topics.PREDICTIONS, starts)
            firsts.values.append(time.perf_counter() - began)
    yield firsts
