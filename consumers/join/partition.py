"""The join of one partition: which answer gets which label, what expires, and what is remembered.

Pure: its inputs are what was read, and the watermark when all that counts for it has been read; it tells a
`Ledger` what comes of it, and a `Parking` what a restart must find. The contract's rules, in its words:

- The first label of an event_id wins; an equal repeat is counted, a different one is a conflict.
- Of an event_id that came twice, the label joins the lower offset in `predictions`, with its shadows.
- In time is `label.ts - prediction.ts <= horizon`; a prediction expires when the watermark has passed
  `prediction.ts + horizon`, a label without a prediction when it has passed `label.ts + horizon`.
- What is over is remembered until the watermark has passed `prediction.ts + 2 * horizon`.

The order in which labels of different events arrive within the horizon changes nothing.
"""

from consumers.join.entry import Entry, Known, Matched, Waiting
from consumers.join.ledger import Ledger
from consumers.join.parking import Parking
from consumers.join.shelf import Shelf
from events.internal import Finish
from events.refusals import Reason
from events.schema import same_label
from models.cells import Arm


class Partition:
    """What waits in one partition, and what is remembered. `horizon` is in milliseconds."""

    def __init__(self, horizon: int, shelf: Shelf, parking: Parking, ledger: Ledger) -> None:
        self.shelf = shelf
        self.predictions = self.shadows = self.labels = 0
        """How many of each wait."""
        self.latest = -(2**63)
        """The largest watermark until which anything has had to be remembered."""
        self._horizon = horizon
        self._parking = parking
        self._ledger = ledger

    def answer(self, event_id: str, waiting: Waiting) -> None:
        """An answer came."""
        entry = self.shelf.get(event_id) or Entry()
        self.wait(event_id, entry, waiting)
        if entry.joined is None and entry.early is not None and waiting.served:
            label, entry.early = entry.early, None
            self.labels -= 1
            self._parking.take_label(event_id)
            self._join(event_id, entry, label, waiting)
        elif entry.in_time and waiting.prediction_id == entry.joined and not waiting.served:
            self._match(event_id, entry, waiting)  # the shadow of an answer that has its label
        self.shelf.put(event_id, entry)

    def label(self, event_id: str, label: Known) -> None:
        """A label came."""
        entry = self.shelf.get(event_id) or Entry()
        first = entry.first
        if entry.joined is not None and entry.label is None:
            entry.label, entry.label_ts = label.label, label.ts
            self._late(event_id, entry)
        elif entry.joined is not None:
            self._again(entry.label, label)
        elif entry.early is not None:
            self._again(entry.early.label, label)
        elif first is not None:
            self._join(event_id, entry, label, first)
        else:
            entry.early = label
            self.labels += 1
            self._parking.park_label(event_id, label)
        self.shelf.put(event_id, entry)

    def pass_watermark(self, watermark: int, most: int) -> int:
        """Settle up to `most` entries that are due before `watermark`; how many it were."""
        settled = 0
        for event_id, entry in self.shelf.due(watermark):
            self._settle(event_id, entry, watermark)
            settled += 1
            if settled == most:
                break
        return settled

    def finish(self, event_id: str, finish: Finish) -> None:
        """Settle what waits for an event, as far as it was sent before `finish`."""
        entry = self.shelf.get(event_id)
        if entry is None:
            return
        for waiting in entry.answers:
            partition, offset = map(int, waiting.prediction_id.split("-"))
            if offset < finish.features.get(partition, 0):
                self._expire(event_id, entry, waiting)
        label = entry.early
        if label is not None and label.source_offset < finish.labels.get(label.source_partition, 0):
            self._orphan(event_id, entry, label)
        self.shelf.put(event_id, entry)

    def wait(self, event_id: str, entry: Entry, waiting: Waiting) -> None:
        """An answer waits from now on."""
        entry.answers += (waiting,)
        self._parking.keep_answer(event_id, waiting)
        self._count(waiting, 1)

    def count(self, entry: Entry, change: int) -> None:
        """Count (1) or no more count (-1) what waits in an entry that is restored."""
        for waiting in entry.answers:
            self._count(waiting, change)
        self.labels += change * (entry.early is not None)

    def _join(self, event_id: str, entry: Entry, label: Known, first: Waiting) -> None:
        """The label belongs to `first`, and to its shadows where it is in time."""
        entry.joined, entry.label, entry.label_ts = first.prediction_id, label.label, label.ts
        self.remember(entry, first.ts)
        entry.in_time = label.ts - first.ts <= self._horizon
        if not entry.in_time:
            self._late(event_id, entry)
            return
        self._ledger.count["matched"] += 1
        for waiting in entry.answers:
            if waiting.prediction_id == entry.joined:
                self._match(event_id, entry, waiting)

    def _match(self, event_id: str, entry: Entry, waiting: Waiting) -> None:
        loss = self._ledger.matched(event_id, waiting, entry.label, entry.label_ts)
        for other in entry.matched:
            if (other.role == "shadow") == waiting.served:  # an answer that was served, and another
                arm = Arm(waiting.model_version, waiting.role, loss)
                self._ledger.paired(waiting.ts, arm, Arm(other.model_version, other.role, other.loss))
        entry.matched += (Matched(waiting.model_version, waiting.role, loss),)
        self._settled(event_id, entry, waiting)

    def _settle(self, event_id: str, entry: Entry, watermark: int) -> None:
        """Whatever of an entry the watermark has passed."""
        for waiting in entry.answers:
            if waiting.ts + self._horizon < watermark:
                self._expire(event_id, entry, waiting)
        if entry.early is not None and entry.early.ts + self._horizon < watermark:
            self._orphan(event_id, entry, entry.early)
        if entry.joined is not None and entry.forget < watermark:
            if entry.memo:
                self._parking.take_memo(event_id)
            kept = Entry(answers=entry.answers, early=entry.early)
            self.shelf.put(event_id, kept)
        else:
            self.shelf.put(event_id, entry)

    def _expire(self, event_id: str, entry: Entry, waiting: Waiting) -> None:
        """Without a label; where it was the first prediction of its id, a label that comes is late."""
        was_first = entry.joined is None and waiting is entry.first
        self._ledger.expired(event_id, waiting)
        self._settled(event_id, entry, waiting)
        if was_first:
            entry.joined = waiting.prediction_id
            self.remember(entry, waiting.ts)
            if entry.first is not None:
                self._parking.park_memo(event_id, entry)

    def _orphan(self, event_id: str, entry: Entry, label: Known) -> None:
        entry.early = None
        self.labels -= 1
        self._parking.take_label(event_id)
        self._ledger.count["orphans"] += 1
        self._ledger.refused(label, Reason.ORPHAN_LABEL)

    def _late(self, event_id: str, entry: Entry) -> None:
        self._ledger.count["late"] += 1
        self._parking.park_memo(event_id, entry)

    def _again(self, first: object, label: Known) -> None:
        if same_label(first, label.label):  # type: ignore[arg-type]
            self._ledger.count["repeats"] += 1
        else:
            self._ledger.count["conflicts"] += 1
            self._ledger.refused(label, Reason.CONFLICTING_LABEL)

    def _settled(self, event_id: str, entry: Entry, waiting: Waiting) -> None:
        entry.answers = tuple([answer for answer in entry.answers if answer is not waiting])
        self._parking.take_answer(event_id, waiting)
        self._count(waiting, -1)

    def _count(self, waiting: Waiting, change: int) -> None:
        if waiting.served:
            self.predictions += change
        else:
            self.shadows += change

    def remember(self, entry: Entry, ts: int) -> None:
        """Keep what is over of an event of time `ts` for as long as the contract says."""
        entry.forget = ts + 2 * self._horizon
        self.latest = max(self.latest, entry.forget)
