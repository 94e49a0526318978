"""What a version's answers depend on beside its artefact: the packages, the interpreter, the machine."""

import platform
from collections.abc import Mapping
from importlib.metadata import version as installed

_PACKAGES = ("scoreloop", "scikit-learn", "numpy", "scipy", "pandas", "skops", "river")

Moved = dict[str, tuple[str | None, str | None]]
"""What is another now: then, and now; None where it was not stated, or is not looked at any more."""


def environment() -> dict[str, str]:
    """Package → version of what a version's answers depend on, the interpreter's and the machine's too."""
    packages = {package: installed(package) for package in _PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), **packages}


def moved(then: Mapping[str, str]) -> Moved:
    """In what the environment here differs from the one that a manifest states."""
    now = environment()
    return {
        name: (then.get(name), now.get(name))
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    }


def told(apart: Moved) -> str:
    """The differences, for a person."""
    return ", ".join(f"{name} {before} → {after}" for name, (before, after) in apart.items())
