"""What a version's answers depend on beside its artefact: the packages, the interpreter, the machine."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("scoreloop", "scikit-learn", "numpy", "scipy", "pandas", "skops", "river")
_PLATFORM = {"python": platform.python_version, "machine": platform.machine}

Moved = dict[str, tuple[str | None, str | None]]
"""What is another now: then, and now; None where it was not stated, or is not looked at any more."""


def environment(estimator: object = None) -> dict[str, str]:
    """Package → version of what a version's answers depend on, the interpreter's and the machine's too.

    An `estimator` whose class has `PACKAGES` depends on these as well.
    """
    packages = (*_PACKAGES, *getattr(type(estimator), "PACKAGES", ()))
    return {name: _here(name) or "" for name in ("python", "machine", *packages)}


def moved(then: Mapping[str, str]) -> Moved:
    """In what the environment here differs from the one that a manifest states."""
    names = sorted({*then, *environment()})
    return {name: (then.get(name), now) for name in names if then.get(name) != (now := _here(name))}


def told(apart: Moved) -> str:
    """The differences, for a person."""
    return ", ".join(f"{name} {before} → {after}" for name, (before, after) in apart.items())


def _here(name: str) -> str | None:
    """The version of a package, of the interpreter or the kind of machine; None for one that is not here."""
    if name in _PLATFORM:
        return _PLATFORM[name]()
    try:
        return version(name)
    except PackageNotFoundError:
        return None
