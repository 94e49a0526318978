"""Who is at the command line: kept with what an operator does to a stream by hand."""

import os
import pwd
import socket
from typing import Any

from events.records import Decision
from producers.decisions import Action, decided

BY = "by"
"""In `evidence` of an operator's decision: who that was."""


def operator() -> str:
    """The user and the machine."""
    return f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"


def by_operator(
    action: Action, reason: str, *, evidence: dict[str, Any] | None = None, **about: int | None
) -> Decision:
    """A decision of whoever is at the command line, made now."""
    return decided(action, reason, evidence={**(evidence or {}), BY: operator()}, **about)
