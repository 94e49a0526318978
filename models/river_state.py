"""What an object of river holds, as values that JSON can say, and back: without pickle, which runs code.

River has no way of its own to keep a detector. An attribute is a number, text or nothing, a window, a source
of chance, another such object, or one of river's compiled ones, which say themselves as bytes.
"""

import base64
import math
from collections import deque
from collections.abc import Mapping
from random import Random
from typing import Any

State = Mapping[str, Any]


def held(river: object) -> dict[str, Any]:
    """The attributes of `river`."""
    return {name: _said(value) for name, value in vars(river).items() if not callable(value)}


def put_back(river: object, state: State) -> None:
    """Make `river`, newly made, hold `state`, as said of one made alike by the same release of river."""
    for name, value in state.items():
        setattr(river, name, _meant(getattr(river, name), value))


def _said(value: Any) -> Any:
    if isinstance(value, Random):
        return value.getstate()[1]
    if isinstance(value, deque):
        return [_said(one) for one in value]
    if hasattr(value, "__dict__"):
        return held(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if value is None or isinstance(value, int | str):
        return value
    return base64.b64encode(value.__getstate__()).decode()


def _meant(fresh: Any, value: Any) -> Any:
    if isinstance(fresh, Random):
        fresh.setstate((3, tuple(value), None))
    elif isinstance(fresh, deque):
        fresh.clear()
        fresh.extend(value)
    elif hasattr(fresh, "__dict__"):
        put_back(fresh, value)
    elif isinstance(value, str) and isinstance(fresh, float):
        return float(value)
    elif fresh is None or isinstance(fresh, int | float | str):
        return value
    else:
        fresh.__setstate__(base64.b64decode(value))
    return fresh
