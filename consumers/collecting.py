"""Python's collector of cycles, told what a service's process is like.

A turn makes tens of thousands of tuples and dicts and no cycle, and what was imported stays for ever. By its
defaults the collector looks through all of that again and again: it took half of a scorer's processor time,
and half of that in which a training reads its rows.
"""

import gc

_CONTAINERS = 50_000
"""What is made before Python looks for cycles: more than a turn of the scorer makes."""


def collect_seldom() -> None:
    """What is there now is not looked through again, and what comes seldom: for the whole process."""
    gc.freeze()
    gc.set_threshold(_CONTAINERS)
