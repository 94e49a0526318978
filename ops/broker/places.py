"""Where this user's files go: what can be had again (cache) and what cannot (data)."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

_PLACES = {"cache": ("XDG_CACHE_HOME", ".cache"), "data": ("XDG_DATA_HOME", ".local/share")}


def per_user(kind: Literal["cache", "data"], environ: Mapping[str, str] = os.environ) -> Path:
    """This user's folder for scoreloop's files, by the XDG base directory specification.

    The launcher's one look at the environment. A relative value counts as none, as the specification says.
    """
    variable, default = _PLACES[kind]
    chosen = Path(environ.get(variable, ""))
    home = Path(environ.get("HOME") or Path.home())
    return (chosen if chosen.is_absolute() else home / default) / "scoreloop"
