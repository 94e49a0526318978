"""The joiner's step: labels by event_id, the join of each partition, and what comes of it, in one turn."""

import logging
from collections.abc import Callable, Sequence

from confluent_kafka import TopicPartition

from consumers.intake import HaltError, next_offsets
from consumers.join import note as notes
from consumers.join.horizon import BARRIER, Horizon
from consumers.join.ledger import Ledger
from consumers.join.relabel import Relabel
from consumers.join.restoring import restore
from consumers.join.share import Share
from consumers.turn import Batch, Place, Received, Turn
from events import topics
from events.dead_letters import dead_letter
from events.outputs import Outputs
from events.refusals import RefusalError
from events.settings import Settings

_log = logging.getLogger(__name__)


class Joiner:
    """Joins the partitions that this process reads. `horizon` gives the newest watermark, or None so far."""

    def __init__(self, settings: Settings, horizon: Callable[[], Horizon | None]) -> None:
        self._settings = settings
        self._horizon = horizon
        self._shares: dict[int, Share] = {}
        self._ledger = Ledger(settings)
        self._relabel = Relabel(settings)
        self._labels, self._predictions, self._shadows, self._joining, self._parked, self._dead_letters = (
            topic.of(settings.name)
            for topic in (
                topics.LABELS, topics.PREDICTIONS, topics.SHADOWS, topics.JOINING, topics.PARKED,
                topics.DEAD_LETTERS,
            )
        )  # fmt: skip

    def begin(self, committed: Sequence[TopicPartition]) -> None:
        """Know of each partition what was known at `committed`: from memory where that is it, else restored.

        Raises:
            HaltError: a partition's topics did not come together.
        """
        self._relabel.report.begin({p.partition: p.offset for p in committed if p.topic == self._labels})
        self._ledger.forget()
        given: dict[int, list[TopicPartition]] = {}
        for place in committed:
            if place.topic != self._labels:
                given.setdefault(place.partition, []).append(place)
        kept = {p: s for p, s in self._shares.items() if p in given and s.stands_at(given[p])}
        for partition, share in self._shares.items():
            if partition not in kept:
                share.close()
        self._shares = kept | {p: self._restored(p, places) for p, places in given.items() if p not in kept}

    def __call__(self, batch: Batch, now: int) -> Turn:
        """What the join makes of `batch`, and of the newest watermark."""
        outputs = Outputs()
        by_topic: dict[str, list[Received]] = {}
        for message in batch.messages:
            by_topic.setdefault(message.topic(), []).append(message)
        ends = {partition: end for (topic, partition), end in batch.ends.items() if topic == self._labels}
        self._relabel(by_topic.get(self._labels, []), ends, now, outputs)
        self._take_answers(by_topic, outputs)
        self._take_labels(by_topic.get(self._joining, []))
        for (topic, partition), offset in next_offsets(batch.messages).items():
            if topic != self._labels:
                self._shares[partition].read((topic, partition), offset)
        for (topic, partition), end in batch.ends.items():
            if topic != self._labels:
                self._shares[partition].ended((topic, partition), end)
        return self._settled(outputs)

    def _take_answers(self, by_topic: dict[str, list[Received]], outputs: Outputs) -> None:
        for topic, name in ((self._predictions, "predictions"), (self._shadows, "shadows")):
            for message in by_topic.get(topic, []):
                try:
                    event_id, waiting = self._ledger.arrived(message.value() or b"", message.offset())
                except RefusalError as refusal:
                    outputs.single.append(dead_letter(self._dead_letters, message, refusal))
                else:
                    self._shares[message.partition()].answer(name, event_id, waiting)

    def _take_labels(self, messages: Sequence[Received]) -> None:
        asked: dict[int, list[str]] = {}
        for message in messages:
            asked.setdefault(message.partition(), []).append((message.key() or b"").decode())
        for partition, event_ids in asked.items():
            self._shares[partition].fetch(event_ids)
        for message in messages:
            event_id = (message.key() or b"").decode()
            self._shares[message.partition()].label(event_id, self._relabel.known(message))

    def _settled(self, outputs: Outputs) -> Turn:
        """Settle what is due in each partition, and gather what the turn writes."""
        written: dict[Place, tuple[int, str]] = {}
        standings = []
        horizon = self._horizon()
        for share in self._shares.values():
            share.settle(horizon)
            if (noted := share.noted()) is not None:
                written[self._predictions, share.partition] = noted
                standings.append(share.standing())
            if parked := share.parked():
                outputs.placed[self._parked, share.partition] = parked
        self._ledger.add_to(outputs, standings, read=self._relabel.read, refused=self._relabel.refused)
        return Turn(outputs, written)

    def _restored(self, partition: int, places: Sequence[TopicPartition]) -> Share:
        committed = {(place.topic, partition): place for place in places}
        missing = [topic.of(self._settings.name) for topic in BARRIER
                   if (topic.of(self._settings.name), partition) not in committed]  # fmt: skip
        if missing:
            raise HaltError(
                f"partition {partition} came without {', '.join(missing)}: the topics that are joined must "
                "have as many partitions as each other; see `scoreloop topics check STREAM.toml`"
            )
        metadata = committed[self._predictions, partition].metadata
        note = notes.decoded(metadata, f"{self._predictions}-{partition}")
        offsets = {place: found.offset for place, found in committed.items()}
        share = Share(self._settings, partition, self._ledger, offsets, note)
        restore(self._settings, share, note)
        return share
