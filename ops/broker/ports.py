"""Ports on this machine's loopback: which are free, and keeping them until a broker listens there."""

import random
import socket
from contextlib import ExitStack
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
DEFAULT = 9092

_RANGE = range(20_000, 32_000)  # below where systems take the ports of outgoing connections from


class Claims:
    """Ports that one start has taken for itself and no broker listens on yet.

    A claim is a UDP socket on the same number: Kafka has no use for it, every other start on this machine
    sees it, and the kernel drops it with the process. So two starts at once never choose the same port.
    """

    def __init__(self) -> None:
        self._sockets = ExitStack()

    def take(self, port: int) -> bool:
        """Claim `port`; False if somebody listens there or has claimed it."""
        if not _bindable(port):
            return False
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((LOOPBACK, port))
        except OSError:
            claim.close()
            return False
        self._sockets.enter_context(claim)
        return True

    def take_any(self) -> int:
        """Claim a free port and say which."""
        shuffled = random.sample(_RANGE, len(_RANGE))
        return next(port for port in shuffled if self.take(port))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sockets.close()


def listening(port: int) -> bool:
    """Whether somebody accepts connections on `port`."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _bindable(port: int) -> bool:
    """Whether a server could listen on `port`, as Java does it: connections just closed are no hindrance."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
