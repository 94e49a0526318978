"""One partition's share of the join in this process: what is known of it, and how far it has been read."""

from collections.abc import Mapping, Sequence

from confluent_kafka import TopicPartition
from msgspec.structs import replace

from consumers.join import note as notes
from consumers.join.entry import Known, Waiting
from consumers.join.horizon import BARRIER, Horizon
from consumers.join.ledger import Ledger
from consumers.join.note import Checkpoint, Note
from consumers.join.parking import Parking
from consumers.join.partition import Partition
from consumers.join.shelf import Shelf
from consumers.turn import Place
from events import topics
from events.internal import Standing
from events.outputs import Message
from events.settings import Settings

_AT_ONCE = 20_000
"""Entries settled in one transaction: a leap of the watermark may expire millions."""
_CHUNK = 1_000


class Share:
    """The join of partition `partition`, from `note` and the committed offsets on.

    A turn goes: `answers` and `labels` as they were read, then `settle`, then `noted`; `committed` are the
    next offsets by place. Restoring fills `join` before the first turn.
    """

    def __init__(
        self, settings: Settings, partition: int, ledger: Ledger, committed: Mapping[Place, int], note: Note
    ) -> None:
        horizon = settings.labels.horizon
        self.partition = partition
        self.parking = Parking()
        self.join = Partition(horizon, Shelf(horizon, settings.joining.memory_entries), self.parking, ledger)
        self.join.latest = note.latest
        self.next = dict(committed)
        self._through = dict(committed)
        self._name = settings.name
        self._park_after = settings.joining.park_after
        self._note = note
        self._goal: Horizon | None = None
        self._heard = 0
        self._finishing: list[str] | None = None
        self._changed = False

    @property
    def metadata(self) -> str:
        """The note, as it was committed last or will be next."""
        return notes.encoded(self._note)

    def stands_at(self, committed: Sequence[TopicPartition]) -> bool:
        """Whether what is known here is what was committed."""
        predictions = (topics.PREDICTIONS.of(self._name), self.partition)
        return all(
            self.next[place] == p.offset and (place != predictions or (p.metadata or "") == self.metadata)
            for p in committed
            for place in ((p.topic, p.partition),)
        )

    def read(self, place: Place, offset: int) -> None:
        """Records were read up to `offset`, the next."""
        self.next[place] = self._through[place] = offset
        self._changed = True

    def ended(self, place: Place, offset: int) -> None:
        """A topic was read to its end, which is beyond its last record where transactions left marks."""
        self._through[place] = max(self._through[place], offset)

    def answers(self, came: Sequence[tuple[str, Waiting]]) -> None:
        """Answers came, each to an event_id."""
        self.join.shelf.fetch(event_id for event_id, _ in came)
        for event_id, waiting in came:
            self.join.answer(event_id, waiting)

    def labels(self, came: Sequence[tuple[str, Known]]) -> None:
        """Labels came, each of an event_id."""
        self.join.shelf.fetch(event_id for event_id, _ in came)
        for event_id, label in came:
            self.join.label(event_id, label)

    def settle(self, horizon: Horizon | None) -> None:
        """Expire and forget what is due, as far as one transaction goes."""
        if self._goal is None and horizon is not None and horizon.number > self._heard:
            self._goal, self._heard = horizon, horizon.number
        room = _AT_ONCE
        if self._note.watermark is not None and self._changed:  # what came too late expires at once
            room -= self.join.pass_watermark(self._note.watermark, room)
        if self._goal is not None and room > 0 and self._believed(self._goal):
            self._go_on(self._goal, room)
        self._park(topics.PREDICTIONS, served=True)
        self._park(topics.SHADOWS, served=False)
        self.join.shelf.trim()

    def noted(self) -> tuple[int, str] | None:
        """What to commit in `predictions` with this turn; None where nothing has changed."""
        if not self._changed:
            return None
        self._changed = False
        place = (topics.PREDICTIONS.of(self._name), self.partition)
        start, checkpoints = notes.remembered_from(self._note, self._note.watermark)
        self._note = replace(
            self._note,
            turn=self._note.turn + 1,
            predictions_from=self._oldest(topics.PREDICTIONS, served=True),
            shadows_from=self._oldest(topics.SHADOWS, served=False),
            outcomes_from=start,
            latest=self.join.latest,
            checkpoints=checkpoints,
        )
        return self.next[place], self.metadata

    def standing(self) -> Standing:
        """What the monitor hears of this partition."""
        return Standing(
            partition=self.partition,
            watermark=self._note.watermark,
            finish=self._note.finish,
            waiting_predictions=self.join.predictions,
            waiting_shadows=self.join.shadows,
            waiting_labels=self.join.labels,
        )

    def parked(self) -> list[Message]:
        """What this turn parks, and takes back."""
        return self.parking.messages()

    def close(self) -> None:
        """Let go of memory and disk."""
        self.join.shelf.close()

    def _believed(self, goal: Horizon) -> bool:
        places = [(topic.of(self._name), self.partition) for topic in BARRIER]
        return all(self._through[place] >= goal.ends[place] for place in places)

    def _go_on(self, goal: Horizon, room: int) -> None:
        """Settle what `goal` says, at most `room` entries of it; when all is done it stands."""
        before = self._note.watermark
        watermark = before if goal.watermark is None else max(goal.watermark, before or goal.watermark)
        if watermark is not None and watermark != before:
            settled = self.join.pass_watermark(watermark, room)
            self._changed |= settled > 0
            if settled == room:
                return
        finish = self._note.finish
        if goal.finish is not None and goal.finish[0] > (-1 if finish is None else finish):
            if not self._finished(goal, room):
                return
            finish = goal.finish[0]
        if (watermark, finish) != (before, self._note.finish):
            self._stand(goal, watermark, finish)
        self._goal = None

    def _stand(self, goal: Horizon, watermark: int | None, finish: int | None) -> None:
        self._changed = True
        end = goal.ends[topics.OUTCOMES.of(self._name), self.partition]
        checkpoints = notes.with_checkpoint(self._note.checkpoints, Checkpoint(end, self.join.latest))
        self._note = replace(self._note, watermark=watermark, finish=finish, checkpoints=checkpoints)

    def _finished(self, goal: Horizon, room: int) -> bool:
        """Whether everything that waits for the finish has been settled, with at most `room` more entries."""
        if goal.finish is None:
            return True
        if self._finishing is None:
            self._finishing = list(self.join.shelf.event_ids())
        while self._finishing and room > 0:
            chunk = self._finishing[-_CHUNK:]
            del self._finishing[-_CHUNK:]
            self.join.shelf.fetch(chunk)
            for event_id in chunk:
                self.join.finish(event_id, goal.finish[1])
            room -= len(chunk)
            self._changed = True
        if self._finishing:
            return False
        self._finishing = None
        return True

    def _park(self, topic: topics.Topic, *, served: bool) -> None:
        """Park the answers that a restart would have to read too far back for."""
        before = self.next[topic.of(self._name), self.partition] - self._park_after
        oldest = self.parking.older(before, served=served)
        self.join.shelf.fetch(oldest)
        for event_id in oldest:
            entry = self.join.shelf.get(event_id)
            for waiting in () if entry is None else entry.answers:
                if waiting.served == served and waiting.offset < before and not waiting.parked:
                    self.parking.park_answer(event_id, waiting)

    def _oldest(self, topic: topics.Topic, *, served: bool) -> int:
        oldest = self.parking.oldest(served=served)
        return self.next[topic.of(self._name), self.partition] if oldest is None else oldest
