"""The rows of a file or a generator as events, and their labels, on Kafka."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from events import topics
from events.errors import ScoreloopError
from events.settings import Settings
from producers.delivery import Delivery
from producers.missing import without
from producers.pace import Pace
from producers.rows import Rows
from producers.schedule import FeatureRecord, LabelRecord, Row, Timeline, schedule
from producers.typed import TypedChunk, typed
from transport.topics import require

_LOOK_EVENTS = 500  # how often the feed looks up from its work when it is not paced
_NAP_SECONDS = 0.05  # how long it waits at a stretch, so that Ctrl-C is heard
_FINEST_WAIT = 0.001  # waiting for less costs more than it evens out

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows become events: when, how fast, and which labels never come."""

    timeline: Timeline
    rate: float | None = None
    """Events a second; None for as fast as it goes."""
    missing: float = 0.0
    """The share of labels that never come. With 1 the file needs no label column."""
    seed: int = 0


@dataclass
class Fed:
    """What a feed has sent so far."""

    events: int = 0
    labels: int = 0
    incomplete: int = 0
    """Events without a feature that is not nullable: the scorer puts them into `dead-letters`."""
    seconds: float = 0.0


class Feed:
    """One feed of `rows`.

    `stopped` is asked before each event whether this is to be the end; `tell` is called now and then with
    what has been sent.

    Raises:
        ScoreloopError: a column, the broker or a topic is missing.
    """

    def __init__(
        self,
        settings: Settings,
        rows: Rows,
        plan: Plan,
        stopped: Callable[[], bool] = lambda: False,
        tell: Callable[[Fed], None] = lambda _fed: None,
    ) -> None:
        self._settings, self._rows, self._plan = settings, rows, plan
        self._stopped, self._tell = stopped, tell
        self._chunks = typed(settings, rows, with_labels=plan.missing < 1)
        require(settings, topics.FEATURES, topics.LABELS)
        self._delivery = Delivery(settings.kafka)
        self._pace = Pace(plan.rate, time.monotonic()) if plan.rate else None
        self._broken: ScoreloopError | None = None
        self._fed = Fed()

    def run(self) -> Fed:
        """Send the rows and their labels. All that was sent has been delivered when this returns.

        A stop leaves nothing half-sent: the labels of the events that went out follow them.

        Raises:
            ScoreloopError: a cell is not of its type, or records were not delivered.
        """
        began = time.monotonic()
        self._send(schedule(self._plan.timeline, self._rows.span.start, self._taken()))
        self._delivery.finish()
        self._fed.seconds = time.monotonic() - began
        self._tell(self._fed)
        if self._broken is not None:
            raise self._broken
        return self._fed

    def _send(self, records: Iterator[FeatureRecord | LabelRecord]) -> None:
        events = topics.FEATURES.of(self._settings.name)
        labels = topics.LABELS.of(self._settings.name)
        for record in records:
            if type(record) is FeatureRecord:
                self._delivery.send(events, record.event_id, _encode(record))
                self._fed.events += 1
            else:
                self._delivery.send(labels, record.event_id, _encode(record))
                self._fed.labels += 1

    def _taken(self) -> Iterator[Row]:
        """The rows, each when its turn has come, until the last or a stop."""
        names = list(self._settings.features)
        for chunk in self._unbroken():
            labels = without(chunk.labels, self._plan.seed, chunk.first, self._plan.missing)
            for position, (values, label) in enumerate(zip(chunk.rows(), labels, strict=True)):
                if not self._turn():
                    return
                self._fed.incomplete += position in chunk.incomplete
                yield dict(zip(names, values, strict=True)), label

    def _unbroken(self) -> Iterator[TypedChunk]:
        """The chunks up to one that cannot be read: what went out before it is brought to its end first."""
        try:
            yield from self._chunks
        except ScoreloopError as error:
            start, stop = self._rows.span.start, self._rows.span.stop
            here = start + self._fed.events
            sent = (
                f"rows {start}:{here} and their labels were sent" if self._fed.events else "nothing was sent"
            )
            self._broken = ScoreloopError(f"{error}; {sent}; mend it and feed --rows {here}:{stop}")

    def _turn(self) -> bool:
        """Wait until the next event may go out; false when there is to be none."""
        if self._fed.events % _LOOK_EVENTS == 0:
            self._look(0)
        if self._pace is not None:
            while (wait := self._pace.wait(time.monotonic())) > _FINEST_WAIT and not self._stopped():
                self._look(min(wait, _NAP_SECONDS))
            self._pace.sent(time.monotonic())
        return not (self._stopped() or self._delivery.failed)

    def _look(self, seconds: float) -> None:
        self._delivery.poll(seconds)
        self._tell(self._fed)
