"""The early warning: what the alarm would say if the labels that have come so far were all that will come.

The alarm waits until a bucket is final. From where the final buckets have left its evidence (`models.e_sr`),
it is carried on here over the labelled part of those that are over and wait for labels, in order of time; so
where labels are not late nothing is told of. That part need not be like the whole: fraud labels come early,
and the error over them says nothing of the others'. So this has no guarantee and asks for nothing.

It is told of once an excursion: again only when the evidence was down to the threshold's square root
meanwhile, half of it as a logarithm, or when another version serves. It is looked at when running figures
are, and never once the alarm has rung. At the boundary (losses at the baseline, half of the labels 15 buckets
late) 4 warnings came in 200,000 labels; before an alarm of 0.10 → 0.25 it came 12 buckets earlier.
"""

import math
from collections.abc import Iterable, Iterator
from copy import deepcopy

import msgspec
from msgspec import Struct

from events.durations import iso
from events.monitor_state import EARLY_WARNING_KEY
from events.records import RUNNING_ERROR, Drift
from events.settings import Settings
from models.e_sr import ESR
from models.tenure import Tenure
from models.window_book import Sums, end


class State(Struct):
    """Kept as JSON in `internal.windows`."""

    version: int | None = None
    told: bool = False
    """Whether it was warned of that version, and the excursion is not over."""


class EarlyWarning:
    """Follows what the running labels say of the champion."""

    def __init__(self, settings: Settings) -> None:
        self._enabled = settings.drift.enabled and settings.drift.early
        self._threshold = settings.decisions.false_alarm_every
        self._bucket = settings.windows.bucket_ms
        self._state, self._known = State(), State()

    def rung(
        self, tenure: Tenure | None, waiting: Iterable[Sums], watermark: int | None, now: int
    ) -> Iterator[Drift]:
        """The warning to be given at `now`, if any.

        `waiting` are buckets that are not final, in order of time; the join has read up to `watermark`.
        """
        if not self._enabled or tenure is None or tenure.detector is None or tenure.rung is not None:
            return
        if tenure.version != self._state.version:
            self._state = State(tenure.version)
        detector, so_far, to_ts = deepcopy(tenure.detector), tenure.detector.losses, 0
        for cell, tally in waiting:
            over = watermark is not None and end(cell.from_ts, self._bucket) <= watermark
            if over and tenure.answered(cell, tally):
                detector.take(tally.matched, tenure.loss(tally), cell.from_ts)
                to_ts = end(cell.from_ts, self._bucket)
        evidence = detector.evidence
        if self._state.told:
            self._state.told = evidence > math.sqrt(self._threshold)
        elif evidence >= self._threshold and detector.losses > so_far:
            self._state.told = True
            yield self._drift(tenure, detector, detector.losses - so_far, to_ts, now)

    def changes(self) -> Iterator[tuple[bytes, bytes]]:
        """The state's record, if it has changed since the last call."""
        if self._state != self._known:
            self._known = deepcopy(self._state)
            yield EARLY_WARNING_KEY, msgspec.json.encode(self._state)

    def restore(self, value: bytes) -> None:
        """Take up what the state's record says."""
        self._state = msgspec.json.decode(value, type=State)

    def _drift(self, tenure: Tenure, detector: ESR, running: int, to_ts: int, now: int) -> Drift:
        start = detector.change
        labels = detector.losses - start.losses
        error = (detector.total - start.total) / labels * tenure.scale
        return Drift(
            alarm_id=f"{RUNNING_ERROR}.{tenure.version}.{tenure.epoch}.{start.ts}",
            ts=now,
            kind="error",
            detector=RUNNING_ERROR,
            model_version=tenure.version,
            feature=None,
            evidence=detector.evidence,
            threshold=self._threshold,
            from_ts=start.ts,
            to_ts=to_ts,
            change_ts=start.ts,
            guarantee="none: it rests on labels that came early, which need not be like those to come; "
            "one warning an excursion, and nothing is asked for",
            message=f"version {tenure.version}: error {error:.4g} over the {labels} labels that have come "
            f"since {iso(start.ts)}, {running} of them in buckets that wait for more; at most "
            f"{tenure.limit * tenure.scale:.4g} was expected",
        )
