"""Policies: the stream's own settings, and files that overlay their [decisions] and [training]."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from events.errors import ScoreloopError
from events.schema import Section
from events.settings import Decisions, Settings, Training, read_toml
from events.settings.errors import sentence

STREAM = "stream"
"""The policy that the stream's own settings are."""


class Policy(Section):
    """What a policy's file may hold; what it leaves out is as the stream has it."""

    decisions: Decisions = Decisions()
    training: Training = Training()


def overlaid(settings: Settings, path: Path) -> Settings:
    """`settings` with what the file says of [decisions] and [training].

    Raises:
        ScoreloopError: it cannot be read, or says something else; the sentence names file and key.
    """
    stream = {"decisions": _set(settings.decisions), "training": _set(settings.training)}
    merged = {name: _over(stream.get(name, {}), table) for name, table in read_toml(path).items()}
    try:
        policy = Policy.model_validate({**stream, **merged})
    except ValidationError as error:
        raise ScoreloopError(f"{path}: {sentence(error, Policy)}") from None
    changed = settings.model_copy(update={"decisions": policy.decisions, "training": policy.training})
    try:
        return Settings.model_validate(dict(changed))
    except ValidationError as error:
        raise ScoreloopError(f"{path}: {sentence(error, Settings)}") from None


def _set(section: Section) -> dict[str, Any]:
    """What the stream's file sets, as it would be written there."""
    return section.model_dump(exclude_unset=True)


def _over(below: dict[str, Any], table: Any) -> Any:
    return {**below, **table} if isinstance(table, dict) else table
