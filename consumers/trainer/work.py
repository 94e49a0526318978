"""What the training process does: rows from `outcomes`, training, the gate, the artefact into the registry.

Nothing of it is visible before the trainer's transaction: an artefact that no manifest names is garbage.
"""

import logging
import os
import signal
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from threading import Thread

from consumers.collecting import collect_seldom
from consumers.trainer.course import Request
from consumers.trainer.ending import End, Unfit
from events.errors import ScoreloopError
from events.settings import Settings

_log = logging.getLogger(__name__)


def work(told: Connection, settings: Settings, request: Request) -> None:
    """Train for `request`; `told` gets lines of progress, and at last how it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trainer, which ends this process
    Thread(target=_end_with_parent, daemon=True).start()
    told.send(_ended(told, settings, request))


def _end_with_parent() -> None:
    """A parent that was killed cannot end its children, and this one would hold the machine for nothing."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)


def _ended(told: Connection, settings: Settings, request: Request) -> End:
    # Here, so that the trainer, which imports this module, does not load what only a training needs.
    from consumers.trainer.retrain import retrained  # noqa: PLC0415

    collect_seldom()
    try:
        return retrained(settings, request, told.send)
    except ScoreloopError as error:
        return Unfit(str(error), rejected=False)
    except Exception as error:  # noqa: BLE001 (whatever a training meets, the champion stays and it is said)
        _log.exception("training for %s failed", request.decision.decision_id)
        return Unfit(f"training failed: {type(error).__name__}: {error}", rejected=False)
