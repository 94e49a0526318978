"""What waits for an operator's approval, as `control` and `models` say it."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from consumers.trainer.approval import awaited, ended
from consumers.trainer.standing import Standing
from events import topics
from events.records import Decision
from events.settings import Settings
from events.signatures import Trust
from transport.standing import newest


class Pending(BaseModel):
    """A promotion that waits."""

    decision_id: str
    since: int
    version: int
    champion: int | None
    """Against which it was held."""
    why: str


def asked_for(settings: Settings, models: Mapping[bytes, bytes]) -> Pending | None:
    """The promotion that waits, by the newest record of each key of `models`; None where none does."""
    if settings.decisions.approval != "manual":
        return None
    control = newest(settings.kafka, topics.CONTROL.of(settings.name)).values()
    return pending(filter(None, map(Decision.found, control)), Standing(Trust(settings), models.items()))


def pending(decisions: Iterable[Decision], standing: Standing) -> Pending | None:
    """Of `decisions`, in the order of `control`, the newest that waits."""
    found = None
    for decision in decisions:
        if standing.settled(decision.decision_id) or standing.roles is None:
            continue
        waits = awaited(decision, standing.manifests)
        if waits is not None and ended(waits, standing.roles) is None:
            found = Pending(
                decision_id=decision.decision_id,
                since=decision.ts,
                version=waits.version,
                champion=decision.model_version,
                why=waits.why,
            )
    return found
