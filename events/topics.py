"""Every topic of a stream: who writes it, who reads it, how it is keyed and kept.

The single statement of the contract's table of topics; a test holds the two against each other.
"""

from dataclasses import dataclass, field
from typing import Literal

MEBIBYTE = 1024 * 1024
DAY_MS = 86_400_000

DEAD_LETTER_MAX_BYTES = 16 * MEBIBYTE
"""`max.message.bytes` of `dead-letters`: what fits a default topic must fit here with its headers."""

_LONG_RETENTION = {"retention.ms": str(365 * DAY_MS)}

Partitions = Literal["user", "as features", "one"]
CleanUp = Literal["delete", "compact"]


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """One topic of a stream.

    `name` is the part after `<stream>.`; `partitions` says how many there are: the user's choice, the same
    number as `features` (so that a key's records meet), or one (so that there is one order).
    """

    name: str
    purpose: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    key: str
    partitions: Partitions
    clean_up: CleanUp
    config: dict[str, str] = field(default_factory=dict)

    def of(self, stream: str) -> str:
        """The topic's full name in `stream`."""
        return f"{stream}.{self.name}"


FEATURES = Topic(
    "features", "events to score", ("the user's programs",), ("scorer",),
    "any or none", "user", "delete",
)  # fmt: skip
LABELS = Topic(
    "labels", "what the events turned out to be", ("the user's programs",), ("joiner",),
    "any or none, any partitioner", "user", "delete",
)  # fmt: skip
PREDICTIONS = Topic(
    "predictions", "the answer that was served for each event", ("scorer",),
    ("the user's programs", "joiner"), "event_id", "as features", "delete",
)  # fmt: skip
SHADOWS = Topic(
    "shadows", "answers computed on the same events and not served", ("scorer",), ("joiner",),
    "event_id", "as features", "delete",
)  # fmt: skip
OUTCOMES = Topic(
    "outcomes", "each answer with its label, or its expiry", ("joiner",), ("trainer", "the user's programs"),
    "event_id", "as features", "delete",
)  # fmt: skip
METRICS = Topic(
    "metrics", "measured figures of each version, a window at a time", ("monitor",),
    ("dashboards", "the user's programs"), "model version", "one", "delete",
)  # fmt: skip
DRIFT = Topic(
    "drift", "alarms", ("monitor",), ("the user's alerting",),
    "detector", "one", "delete", _LONG_RETENTION,
)  # fmt: skip
CONTROL = Topic(
    "control", "what the monitor or an operator asks for", ("monitor", "operators"), ("trainer",),
    "decision_id", "one", "delete", _LONG_RETENTION,
)  # fmt: skip
MODELS = Topic(
    "models", "versions, decisions, and who serves", ("trainer",), ("scorer", "everyone"),
    "see below", "one", "compact",
)  # fmt: skip
WORKERS = Topic(
    "workers", "what each scorer has loaded", ("scorer",), ("trainer", "console"),
    "worker id", "one", "compact",
)  # fmt: skip
DEAD_LETTERS = Topic(
    "dead-letters", "records that were refused, byte for byte, with the reason", ("scorer", "joiner"),
    ("operators",), "source key", "one", "delete",
    {"max.message.bytes": str(DEAD_LETTER_MAX_BYTES), **_LONG_RETENTION},
)  # fmt: skip

TOPICS = (
    FEATURES, LABELS, PREDICTIONS, SHADOWS, OUTCOMES, METRICS, DRIFT, CONTROL, MODELS, WORKERS, DEAD_LETTERS,
)  # fmt: skip

_SMALL_SEGMENTS = {"segment.bytes": str(16 * MEBIBYTE)}
"""Compaction leaves the segment alone that is written to: small ones keep a start quick."""

JOINING = Topic(
    "internal.labels", "labels by event_id, whatever their key was", ("joiner",), ("joiner",),
    "event_id", "as features", "delete",
)  # fmt: skip
PARKED = Topic(
    "internal.parked", "what has waited for long, so that a restart need not read so far back", ("joiner",),
    ("joiner",), "see events.internal", "as features", "compact",
)  # fmt: skip
SOURCES = Topic(
    "internal.sources", "how far each partition of features and labels has come in event time",
    ("scorer", "joiner", "feed", "monitor"), ("joiner", "feed"), "see events.internal", "one", "compact",
    _SMALL_SEGMENTS,
)  # fmt: skip
TALLIES = Topic(
    "internal.tallies", "sums over answers, and what was refused, a transaction at a time",
    ("joiner", "scorer"), ("monitor",),
    "see events.internal", "one", "delete",
)  # fmt: skip
WINDOWS = Topic(
    "internal.windows", "the monitor's state", ("monitor",), ("monitor", "status"),
    "see events.internal", "one", "compact", _SMALL_SEGMENTS,
)  # fmt: skip
SERVICES = Topic(
    "internal.services", "which process runs each slot of joiner, monitor and trainer",
    ("joiner", "monitor", "trainer"), ("joiner", "monitor", "trainer", "status", "operators"),
    "worker id", "one", "compact", _SMALL_SEGMENTS,
)  # fmt: skip
SKIPS = Topic(
    "internal.skips", "what operators had a service pass over, by whom and why", ("operators",),
    ("verify", "operators"), "see events.internal", "one", "compact", _SMALL_SEGMENTS,
)  # fmt: skip
REPLAYS = Topic(
    "internal.replays", "which dead letters were sent back to where they came from", ("operators",),
    ("operators",), "see events.internal", "one", "compact", _SMALL_SEGMENTS,
)  # fmt: skip

INTERNAL = (JOINING, PARKED, SOURCES, TALLIES, WINDOWS, SERVICES, SKIPS, REPLAYS)
"""State and repartitioning: nobody else's business, and no part of the contract."""
ALL = TOPICS + INTERNAL

JOINED = (LABELS, PREDICTIONS, SHADOWS, JOINING)
"""What the joiner's group reads."""
MEASURED = (TALLIES, MODELS)
"""What the monitor's group reads."""

ROLES_KEY = b"roles"
"""Key in `models` of the record that says who serves now."""


def version_key(version: int) -> bytes:
    """Key in `models` of a version's manifest."""
    return f"version/{version}".encode()


def decision_key(decision_id: str) -> bytes:
    """Key in `models` of what became of a decision."""
    return f"decision/{decision_id}".encode()


def roles_key(epoch: int) -> bytes:
    """Key in `models` of the roles of one epoch, kept for ever."""
    return f"roles/{epoch}".encode()


SCORER = "scorer"
"""The service that reads `features`."""
JOINER = "joiner"
"""The service that gives each prediction its label or its expiry."""
MONITOR = "monitor"
"""The service that turns sums into figures."""
TRAINER = "trainer"
"""The service that acts on decisions, and the one writer of `models`."""


def group(stream: str, service: str) -> str:
    """The consumer group of a service."""
    return f"scoreloop.{stream}.{service}"


def groups(stream: str) -> tuple[tuple[str, Topic], ...]:
    """Every consumer group of a stream, each with every topic that it reads."""
    read = ((SCORER, (FEATURES,)), (JOINER, JOINED), (MONITOR, MEASURED), (TRAINER, (CONTROL,)))
    return tuple((group(stream, service), topic) for service, its in read for topic in its)


Slot = int | str
"""Which of its kind a process is: a number for a process manager, a name for one that is soon gone."""


def worker(service: str, slot: Slot) -> str:
    """The name of one slot of a service, in `workers` and as a member of its group."""
    return f"{service}-{slot}"


def transactional_id(stream: str, service: str, slot: Slot) -> str:
    """Transactional id of one slot of a service: stable, so that a newer process fences the older."""
    return f"{group(stream, service)}.{slot}"
