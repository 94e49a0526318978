"""One node of a cluster, whatever runs it."""

from typing import Protocol

from ops.broker.plan import Plan


class Node(Protocol):
    """A broker and controller in one, with records of its own.

    `start` returns as soon as it was launched, and leaves it running when this process ends; whether it is
    any use is `ready`'s business. The other calls do nothing harmful to a node that does not run.
    """

    @property
    def log(self) -> str:
        """Where its log is read: a path, or a command."""

    def start(self, plan: Plan) -> None:
        """Launch it with `plan`'s settings; the first time make its storage."""

    def pid(self) -> int | None:
        """Its process, if it runs."""

    def terminate(self) -> None:
        """Ask it to end in order."""

    def kill(self) -> None:
        """End it at once. What it acknowledged is kept."""

    def last_words(self) -> str:
        """The last line of its log that tells something, or an empty string."""
