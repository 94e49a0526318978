"""A service in a process of its own, with a point at which a fault comes over it.

    FAULT='{"point": "before offsets", "act": "kill"}' python -m faults.launcher scorer stream.toml --slot 0

The arguments are `scoreloop`'s own. SIGUSR1 lights the fuse. The environment carries the fault because the
process in which a version is trained, a child of the trainer's, is to know of it, too.
"""

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from faults.fuse import Fuse
from faults.points import POINTS, TRAINING

VARIABLE = "FAULT"
ASLEEP = "asleep by a fault"


@dataclass(frozen=True)
class Fault:
    """What comes over a process, and where."""

    point: str | None = None
    act: str = "kill"
    """`kill`, `stop` (SIGSTOP), `kill-parent`, or `sleep:SECONDS`."""
    lit: bool = False
    """Lit from the start, and not by SIGUSR1."""
    constants: dict[str, int | float] = field(default_factory=dict)
    """`module.NAME` → another number, so that a test need not wait for a minute's timeout."""
    training_bytes: int | None = None
    """The largest file that a training may write: a full disk."""


def _act(name: str) -> Callable[[], None]:
    if name.startswith("sleep:"):
        return lambda: _sleep(float(name.removeprefix("sleep:")))
    return {
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
        "kill-parent": _kill_parent,
    }[name]


def _sleep(seconds: float) -> None:
    print(ASLEEP, file=sys.stderr, flush=True)  # noqa: T201 (who planted it waits for this)
    time.sleep(seconds)


def _kill_parent() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _prepare(fault: Fault, *, training: bool) -> None:
    for name, number in fault.constants.items():
        module, _, constant = name.rpartition(".")
        setattr(import_module(module), constant, number)
    if fault.point is not None and (fault.point in TRAINING) is training:
        fuse = Fuse(_act(fault.act), lit=fault.lit)
        POINTS[fault.point](fuse)
        if not training:
            signal.signal(signal.SIGUSR1, lambda *_: fuse.light())
    if training and fault.training_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.training_bytes, fault.training_bytes))


if __name__ in {"__main__", "__mp_main__"}:  # the latter in the training, which multiprocessing starts
    _prepare(Fault(**json.loads(os.environ.get(VARIABLE, "{}"))), training=__name__ == "__mp_main__")
if __name__ == "__main__":
    from console.main import main

    main()
