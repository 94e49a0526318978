"""A fuse, and how it is laid through a service's functions: before them or after them."""

from collections.abc import Callable
from functools import wraps
from typing import Any


class Fuse:
    """Calls `act` at the first passage after it was lit."""

    def __init__(self, act: Callable[[], None], *, lit: bool = False) -> None:
        self.lit = lit
        self._act = act

    def light(self) -> None:
        """Act at the next passage."""
        self.lit = True

    def __call__(self) -> None:
        if self.lit:
            self.lit = False
            self._act()


When = Callable[..., bool]


def always(*_: object) -> bool:
    return True


def before(owner: Any, name: str, fuse: Fuse, when: When = always) -> None:
    """Pass the fuse before `owner.name` is called, where `when` says so of its arguments."""
    real = getattr(owner, name)

    @wraps(real)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if when(*arguments):
            fuse()
        return real(*arguments, **named)

    setattr(owner, name, wrapped)


def after(owner: Any, name: str, fuse: Fuse, when: When = always) -> None:
    """Pass the fuse after `owner.name` has been called, where `when` says so of its arguments and result."""
    real = getattr(owner, name)

    @wraps(real)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        if when(*arguments, result):
            fuse()
        return result

    setattr(owner, name, wrapped)
