"""What the demo's topics say afterwards: each promise of scoring, counted from the records."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Message
from rich.console import Console
from rich.table import Table

from consumers.roles import ModelsView
from consumers.serving import load
from events import topics
from events.dead_letters import octets
from events.records import Roles
from events.settings import Settings
from models.registry import Registry
from producers.rows import open_rows
from producers.typed import typed
from transport.reading import read_to_end

_NEAR_MS = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the summary; `holds` is None where it is a figure and no check."""

    what: str
    found: str
    holds: bool | None = None


@dataclass
class Predictions:
    """What is in `predictions`, gathered in one pass."""

    ids: Counter[str] = field(default_factory=Counter)
    by_version: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)

    def take(self, message: Message) -> None:
        """Count one record."""
        record = msgspec.json.decode(octets(message.value()) or b"")
        self.ids[record["prediction_id"]] += 1
        self.by_version.setdefault(record["model_version"], []).append(record)
        self.times.append(message.timestamp()[1])


def findings(settings: Settings, fed: int, data: Path) -> list[Finding]:
    """The summary's lines for a stream to which `fed` rows of the file `data` were sent."""
    predictions = Predictions()
    for message in read_to_end(settings.kafka, topics.PREDICTIONS.of(settings.name)):
        predictions.take(message)
    refused = sum(1 for _ in read_to_end(settings.kafka, topics.DEAD_LETTERS.of(settings.name)))
    scored = len(predictions.ids)
    repeated = sum(predictions.ids.values()) - scored
    unequal = _unequal(settings, predictions)
    versions = sorted(predictions.by_version)
    return [
        Finding("events sent", f"{fed:,}"),
        Finding("predictions", f"{scored:,}", scored == fed),
        Finding("predicted twice", str(repeated), repeated == 0),
        Finding("dead letters", str(refused), refused == 0),
        Finding("answers that their version does not give again, bit for bit", str(unequal), unequal == 0),
        Finding("versions that served", " → ".join(map(str, versions)), versions == [1, 2]),
        Finding("longest gap between predictions while the version changed", f"{_gap(predictions)} ms"),
        *_errors(settings, predictions, data),
    ]


def summary(found: list[Finding], seconds: float) -> None:
    """Print the findings as a table."""
    title = f"scored on a real Kafka in {seconds:.0f} s"
    table = Table("what", "found", "", title=title, title_justify="left")
    for finding in found:
        mark = {None: "", True: "[green]holds[/]", False: "[red]does not hold[/]"}[finding.holds]
        table.add_row(finding.what, finding.found, mark)
    Console().print(table)


def _unequal(settings: Settings, predictions: Predictions) -> int:
    """Predictions that differ from what the registered version answers when it is asked again."""
    view = ModelsView()
    for message in read_to_end(settings.kafka, topics.MODELS.of(settings.name)):
        view.take(octets(message.key()), octets(message.value()))
    registry, unequal = Registry(settings.registry.url), 0
    for number, records in predictions.by_version.items():
        roles = Roles(epoch=1, ts=0, champion=number, decision_id="replay")
        version = load(roles, view, registry, settings, None).versions[number]
        rows = [tuple(record["features"][name] for name in settings.features) for record in records]
        for record, answer in zip(records, version.answers(rows), strict=True):
            unequal += (record["prediction"], record["probabilities"]) != tuple(answer)
    return unequal


def _gap(predictions: Predictions) -> int:
    """The longest time between two predictions within a second of the change, in milliseconds."""
    change = min(record["scored_ts"] for record in predictions.by_version[max(predictions.by_version)])
    near = sorted(at for at in predictions.times if abs(at - change) <= _NEAR_MS)
    return max((after - before for before, after in pairwise(near)), default=0)


def _errors(settings: Settings, predictions: Predictions, data: Path) -> list[Finding]:
    """Each version's error on the events that it answered; the file knows what they turned out to be."""
    labels: dict[str, Any] = {}
    for chunk in typed(settings, open_rows(data)):
        labels |= {f"{settings.name}-{chunk.first + i}": label for i, label in enumerate(chunk.labels)}
    return [
        Finding(
            f"error of version {number}",
            f"{sum(r['prediction'] != labels[r['event_id']] for r in records) / len(records):.4f}"
            f" on {len(records):,} events",
        )
        for number, records in sorted(predictions.by_version.items())
    ]
