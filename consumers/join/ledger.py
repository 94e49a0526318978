"""What one turn of the join writes: outcomes, tallies, refused labels, and counts."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from consumers.join.entry import Known, Waiting
from consumers.join.relabel import LabelRecord
from events import outcome_codec, topics
from events.dead_letters import dead_letter
from events.internal import CELL_KEY, LABELS_KEY, LabelCounts, Standing, standing_key
from events.outputs import Message, Outputs
from events.prediction_codec import AnswerReader
from events.refusals import Reason, RefusalError
from events.settings import Settings
from models.cells import Arm, Cells
from models.tallies import encoded

_DETAILS = {
    Reason.CONFLICTING_LABEL: "another label of this event came first",
    Reason.ORPHAN_LABEL: "no prediction of this event came within the horizon",
}


class Ledger:
    """Collects what all partitions of one process write in a turn; `add_to` hands it over and begins anew."""

    def __init__(self, settings: Settings) -> None:
        self.count: Counter[str] = Counter()
        """Of labels: matched, repeats, conflicts, late, orphans; as in `LabelCounts`."""
        self._reader = AnswerReader(settings.features)
        self._settings = settings
        self._cells = Cells(settings)
        self._outcomes: list[Message] = []
        self._refused: list[tuple[Known, Reason]] = []
        self._labels, self._letters, self._to_outcomes, self._to_tallies = (
            topic.of(settings.name)
            for topic in (topics.LABELS, topics.DEAD_LETTERS, topics.OUTCOMES, topics.TALLIES)
        )

    def forget(self) -> None:
        """Let go of a turn that was not committed."""
        self._cells = Cells(self._settings)
        self._outcomes, self._refused, self.count = [], [], Counter()

    def arrived(self, value: bytes, offset: int) -> tuple[str, Waiting]:
        """A record of `predictions` or `shadows`, counted as come: its event_id, and the answer in it.

        Raises:
            RefusalError: it is none.
        """
        answer = self._reader.read(value)
        self._cells.predicted(answer)
        waiting = Waiting(answer.prediction_id, answer.ts, answer.model_version, answer.role, offset, value)
        return answer.event_id, waiting

    def matched(self, event_id: str, waiting: Waiting, label: Any, label_ts: int) -> float:
        """The label of an answer came in time; the loss."""
        loss = self._cells.matched(self._reader.read(waiting.value), label, label_ts)
        outcome = outcome_codec.matched(waiting.value, label, label_ts, loss)
        self._outcomes.append({"key": event_id.encode(), "value": outcome})
        return loss

    def expired(self, event_id: str, waiting: Waiting) -> None:
        """The horizon of an answer passed without a label."""
        self._cells.expired(self._reader.read(waiting.value))
        outcome = outcome_codec.expired(waiting.value)
        self._outcomes.append({"key": event_id.encode(), "value": outcome})

    def paired(self, ts: int, one: Arm, other: Arm) -> None:
        """Two arms answered the same event, and both have its label."""
        self._cells.paired(ts, one, other)

    def refused(self, label: Known, reason: Reason) -> None:
        """A label counts for nothing, and is kept."""
        self._refused.append((label, reason))

    def add_to(self, outputs: Outputs, standings: Iterable[Standing], *, read: int, refused: int) -> None:
        """Write all of it; `read` and `refused` count the labels that this turn's batch brought."""
        tallies: list[Message] = [
            {"key": CELL_KEY, "value": encoded(cell, tally)} for cell, tally in self._cells.deltas().items()
        ]
        if read or self.count:
            counts = LabelCounts(read=read, refused=refused, **self.count)
            tallies.append({"key": LABELS_KEY, "value": counts.encoded()})
        tallies += [{"key": standing_key(s.partition), "value": s.encoded()} for s in standings]
        if tallies:
            outputs.many.setdefault(self._to_tallies, []).extend(tallies)
        if self._outcomes:
            outputs.many[self._to_outcomes] = self._outcomes
        for label, reason in self._refused:
            refusal = RefusalError(reason, _DETAILS[reason])
            outputs.single.append(dead_letter(self._letters, LabelRecord(self._labels, label), refusal))
        self._outcomes, self._refused, self.count = [], [], Counter()
