"""Whether a label, or a prediction, can have been read too late: what the watermark can have been.

The contract's watermark is the smallest, over every partition of `features` (as scored) and `labels`, of the
largest event time committed from it; a service that has acted on it never goes back behind it. An auditor
does not know what it was at any moment, but it has a bound. When a record was read, the watermark was at most
the larger of two times:

- the largest event time of the valid records before it in its own partition: as long as the partition takes
  part, the smallest of all is not beyond its own;
- the largest event time of all records that were there when the partition last ceased to be idle: until
  then it may have been left out, and the watermark may have been anything that the others had reached.

Idle is a partition that was read to its end with nothing new for `idle_after`: its reader has said so, and
when it had read on (`verify.idleness`). A Kafka timestamp does not tell: a client that could not reach the
partition for a minute may have stamped all that it sends at last before that. Only where the reader's words
were compacted away the timestamps have to do: half of `idle_after` between two of a partition's records then
counts as idle, as clocks and delays differ. So:

- A label in time (`label.ts - prediction.ts <= horizon`) whose bound is below `prediction.ts + horizon` was
  read before its prediction could expire. An expiry all the same came too early, or the label was dropped.
- A prediction whose source record's bound in `features` is below `label.ts + horizon` was read before its
  label could become an orphan.

Two things void the bound, and the auditor then takes the services' word:

- A finish settles, whatever the watermark, what was sent before it: a label at or behind a finish's end, of
  a prediction before it, is late (and the other way round an orphan's prediction). A later finish includes
  the earlier, and compaction may have removed the earlier one; then nothing before the later is judged.
- Retention: the largest event time of records that are gone is not known. A valid one is at most
  `max_future_skew` ahead of its Kafka timestamp, which bounds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from verify.passage import Curve, Place


class Ends(NamedTuple):
    """A finish: the end offsets of what was sent before it."""

    features: Mapping[int, int]
    labels: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Lateness:
    """Judges by the bound above. Times in milliseconds."""

    horizon: int
    curve: Curve
    finishes: Sequence[Ends] = ()
    all_known: bool = True
    """Whether no finish has been compacted away."""

    def label_was_late(self, label: Place, event: Place, ts: int) -> bool:
        """Whether the prediction of an event at `ts` can have been settled before `label` was read."""
        return self._passed(label, ts + self.horizon) or any(
            event.offset < finish.features.get(event.partition, 0)
            and (not self.all_known or label.offset >= finish.labels.get(label.partition, 0))
            for finish in self.finishes
        )

    def prediction_was_late(self, event: Place, label: Place, label_ts: int) -> bool:
        """Whether a label known at `label_ts` can have become an orphan before its event was scored."""
        return self._passed(event, label_ts + self.horizon) or any(
            label.offset < finish.labels.get(label.partition, 0)
            and (not self.all_known or event.offset >= finish.features.get(event.partition, 0))
            for finish in self.finishes
        )

    def _passed(self, place: Place, time: int) -> bool:
        """Whether the watermark can have passed `time` before that record was read."""
        if place.before is None or place.idle is None:
            return True
        return place.before >= time or self.curve.at(place.idle) >= time
