"""The joiner's step: labels by event_id, the join of each partition, and what comes of it, in one turn."""

import logging
from collections.abc import Callable, Sequence

from confluent_kafka import TopicPartition

from consumers.intake import HaltError
from consumers.join import note as notes
from consumers.join.entry import Waiting
from consumers.join.horizon import BARRIER, Horizon
from consumers.join.ledger import Ledger
from consumers.join.relabel import Relabel, known
from consumers.join.restoring import restore
from consumers.join.share import Share
from consumers.turn import Batch, Place, Received, Turn
from events import topics
from events.dead_letters import dead_letter
from events.outputs import Outputs
from events.refusals import RefusalError
from events.settings import Settings

_log = logging.getLogger(__name__)


Restore = Callable[[Settings, Share, notes.Note], None]
"""Fills a share with what its note and the topics say of its partition."""


class Joiner:
    """Joins the partitions that this process reads. `horizon` gives the newest watermark, or None so far."""

    def __init__(
        self, settings: Settings, horizon: Callable[[], Horizon | None], restored: Restore = restore
    ) -> None:
        self._settings = settings
        self._horizon = horizon
        self._restore = restored
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
        labels = {partition: m for (topic, partition), m in batch.by_place.items() if topic == self._labels}
        ends = {partition: end for (topic, partition), end in batch.ends.items() if topic == self._labels}
        self._relabel(labels, ends, now, outputs)
        for partition, share in self._shares.items():
            for topic in (self._predictions, self._shadows):
                share.answers(self._arrived(batch.by_place.get((topic, partition), ()), outputs))
            messages = batch.by_place.get((self._joining, partition), ())
            share.labels([((m.key() or b"").decode(), known(m.value() or b"")) for m in messages])
        for (topic, partition), offset in batch.next_offsets.items():
            if topic != self._labels:
                self._shares[partition].read((topic, partition), offset)
        for (topic, partition), end in batch.ends.items():
            if topic != self._labels:
                self._shares[partition].ended((topic, partition), end)
        return self._settled(outputs)

    def _arrived(self, messages: Sequence[Received], outputs: Outputs) -> list[tuple[str, Waiting]]:
        """The answers in `messages` with their event_ids; what is none goes to dead-letters."""
        arrived = []
        for message in messages:
            try:
                arrived.append(self._ledger.arrived(message.value() or b"", message.offset()))
            except RefusalError as refusal:
                outputs.single.append(dead_letter(self._dead_letters, message, refusal))
        return arrived

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
        self._restore(self._settings, share, note)
        return share
