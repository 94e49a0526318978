"""The files that hold a stream's keys, and what `stream.toml` says of them."""

import os
import re
import tomllib
from pathlib import Path

from events.errors import ScoreloopError

FOLDER = "keys"

_HEADER = re.compile(r"^\[registry\][ \t]*(#.*)?$", re.MULTILINE)


def write_private(path: Path, pem: bytes) -> None:
    """Write a private key that only its owner can read, in place of one that is there: all of it, or nothing.

    Raises:
        ScoreloopError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(exist_ok=True)
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(pem)
        temporary.replace(path)
    except OSError as error:
        raise ScoreloopError(f"{path}: cannot be written: {error.strerror or error}") from None


def add_public(path: Path, public_key: str) -> None:
    """Add a line to the file of public keys.

    Raises:
        ScoreloopError: it cannot be written.
    """
    try:
        with path.open("a", encoding="ascii") as file:
            file.write(f"{public_key}\n")
    except OSError as error:
        raise ScoreloopError(f"{path}: cannot be written: {error.strerror or error}") from None


def name_keys(stream: Path, lines: dict[str, str]) -> bool:
    """Have the `[registry]` of `stream` say `lines`, key → TOML; whether that could be done.

    The rest of the file stays as it is, byte for byte; a file in which there is no simple place for them is
    left alone.
    """
    text = stream.read_text(encoding="utf-8")
    stated = "".join(f"{key} = {value}\n" for key, value in lines.items())
    dotted = "".join(f"registry.{key} = {value}\n" for key, value in lines.items())
    if header := _HEADER.search(text):
        edited = f"{text[: header.end()]}\n{stated}{text[header.end() + 1 :]}"
    elif re.search(r"^registry\b", text, re.MULTILINE):
        edited = dotted + text
    else:
        edited = f"{text.rstrip()}\n\n[registry]\n{stated}"
    before = tomllib.loads(text)
    wanted = {**before, "registry": {**before.get("registry", {}), **tomllib.loads(stated)}}
    try:
        if tomllib.loads(edited) != wanted:
            return False
    except tomllib.TOMLDecodeError:
        return False
    stream.write_text(edited, encoding="utf-8")
    return True
