"""All that the monitor knows, from the tallies it has read. Pure: records in, figures and changes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Self

from events.durations import written
from events.errors import ScoreloopError
from events.internal import CELL_KEY, INTAKE_PREFIX, LABELS_KEY, Intake, LabelCounts, Standing
from events.monitor_state import (
    BAD_RECORDS_KEY,
    BUCKET_PREFIX,
    EARLY_WARNING_KEY,
    HELD_BACK_KEY,
    MARKS_KEY,
    SNAPSHOTS_KEY,
    STANDING_PREFIX,
    TOTALS_KEY,
    TRIAL_KEY,
    WINDOW_PREFIX,
    Marks,
    Totals,
)
from events.outputs import Message
from events.records import Drift, Manifest, Metric, Roles
from events.settings import Settings
from events.signatures import Trust
from events.topics import ROLES_KEY
from models.alarms import Alarms
from models.asking import Asked
from models.bad_records import BadRecords
from models.bucket_book import BucketBook
from models.early_warning import EarlyWarning
from models.held_back import HeldBack
from models.snapshots import Snapshots
from models.standings import Standings
from models.tallies import decoded
from models.totals import RunningTotals
from models.trials import Trials
from models.warnings_book import Warnings
from models.window_book import Sums, WindowBook
from models.windows import Figuring


@dataclass(frozen=True, slots=True)
class News:
    """What has come of a turn."""

    metrics: list[Metric]
    buckets: list[Sums]
    """Final ones, in order of time, over all turns: what alarms look at."""
    asked: list[Asked]
    """What these gave rise to."""
    drifts: list[Drift]
    """Alarms and warnings that ask for nothing, or for nothing yet: a person has to look."""
    finished: int | None
    """A finish that has been carried out by all."""
    lost: tuple[int, int]
    """Windows that were forgotten before they were final, and buckets: bounds of memory were met."""


class MonitorBook:
    """The books of a stream whose join has `partitions`.

    A turn: `take` each record in the log's order, then `news`, then `changes`. These are the state: a book
    that is `restored` from the newest of each key is the same.
    """

    def __init__(self, settings: Settings, partitions: int) -> None:
        self.stamp = ""
        self._trust = Trust(settings)
        self._length = settings.windows.length
        self._figuring = Figuring(self._length, len(settings.classes), settings.positive_index)
        self._standings = Standings(partitions)
        self._windows = WindowBook(self._length, settings.monitor.windows_kept)
        self._buckets = BucketBook(settings.windows.bucket_ms, settings.monitor.buckets_kept)
        self._alarms = Alarms(settings)
        self._trials = Trials(settings)
        self._snapshots = Snapshots(settings)
        self._early = EarlyWarning(settings)
        self._held_back = HeldBack(settings)
        self._bad_records = BadRecords(settings.limits)
        self._warnings = Warnings(settings)
        self._totals = RunningTotals()
        self._parts = (
            self._standings, self._windows, self._buckets, self._alarms, self._trials, self._snapshots,
            self._early, self._held_back, self._bad_records, self._warnings,
        )  # fmt: skip
        self._finished: int | None = None
        self._deltas: list[Sums] = []

    def take(self, key: bytes, value: bytes) -> None:
        """A record of `internal.tallies`; a key that is not known is a newer version's.

        Raises:
            ValueError: the value is not what belongs to that key.
        """
        if key == CELL_KEY:
            self._deltas.append(decoded(value))
        elif key == LABELS_KEY:
            self._totals.label(LabelCounts.model_validate_json(value))
        elif key.startswith(INTAKE_PREFIX):
            source = key.removeprefix(INTAKE_PREFIX).decode()
            self._bad_records.take(source, Intake.model_validate_json(value))
        elif key.startswith(STANDING_PREFIX):
            before = self._standings.finish
            self._standings.take(Standing.model_validate_json(value))
            if self._standings.finish != before:
                self._add()  # what comes after the finish is not closed by it
                self._windows.close()
                self._buckets.close()
                self._warnings.close()

    def follow(self, key: bytes, value: bytes) -> None:
        """A record of `models`; one that cannot be used is the scorers' to complain of."""
        if not (key == ROLES_KEY or key.startswith(b"version/")) or not self._trust.genuine(value):
            return
        if key.startswith(b"version/") and (manifest := Manifest.found(value)) is not None:
            self._alarms.version(manifest)
            self._snapshots.version(manifest)
            self._warnings.version(manifest)
        elif key == ROLES_KEY and (roles := Roles.found(value)) is not None:
            self._add()
            self._alarms.roles(roles, self._buckets.newest)
            self._trials.roles(roles)
            self._snapshots.roles(roles)
            self._held_back.roles(roles, self._buckets.newest)
            self._bad_records.roles(roles)
            self._warnings.roles(roles)

    def news(self, now: int, *, running: bool) -> News:
        """What is to be published at `now`; with `running` also what is not final and has changed."""
        self._add()
        watermark = self._standings.watermark
        finals = [self._figuring.metric(*sums, final=True) for sums in self._windows.finals(watermark)]
        others = self._windows.running() if running else []
        self._totals.note(finals)
        buckets = self._buckets.finals(watermark)
        asked, held = self._asked(buckets, now)
        warned = list(self._warnings.rung(watermark, buckets, now))
        if wanted := [one for one in warned if isinstance(one, Asked)]:
            asked += self._held_back.bucket((), wanted, now)
        early = self._early.rung(self._alarms.tenure, self._buckets.waiting(), watermark, now)
        news = News(
            metrics=finals + [self._figuring.metric(*sums, final=False) for sums in others],
            buckets=buckets,
            asked=asked,
            drifts=[
                *held,
                *self._bad_records.rung(now),
                *(one for one in warned if isinstance(one, Drift)),
                *(early if running else ()),
            ],
            finished=None if self._standings.finish == self._finished else self._standings.finish,
            lost=(self._windows.forget(), self._buckets.forget()),
        )
        self._finished = self._standings.finish
        return news

    @property
    def held_back(self) -> str | None:
        """What may not be asked for yet, for a person; None where nothing."""
        return self._held_back.said

    def changes(self, stamp: str) -> list[Message]:
        """The records of the state that have changed since the last call, then `totals` and `marks`."""
        self.stamp = stamp
        changed: list[Message] = [
            {"key": key, "value": value} for part in self._parts for key, value in part.changes()
        ]
        marks = Marks(
            stamp=stamp,
            window=self._length,
            forgotten_before=self._windows.forgotten_before,
            spoken_before=self._buckets.spoken_before,
            finished=self._finished,
        )
        totals: Message = {"key": TOTALS_KEY, "value": self.totals().encoded()}
        return [*changed, totals, {"key": MARKS_KEY, "value": marks.encoded()}]

    def totals(self) -> Totals:
        """The counts of everything that has been taken."""
        return self._totals.as_of(self._standings)

    @classmethod
    def restored(cls, settings: Settings, partitions: int, records: Mapping[bytes, bytes]) -> Self:
        """The book whose state is the newest record of each key.

        Raises:
            ScoreloopError: the state is of windows of another length.
        """
        book = cls(settings, partitions)
        if MARKS_KEY in records:
            book._restore_marks(Marks.model_validate_json(records[MARKS_KEY]))
        for key, value in records.items():
            book._restore(key, value)
        for part in book._parts:
            list(part.changes())
        return book

    def _restore_marks(self, marks: Marks) -> None:
        if marks.window != self._length:
            raise ScoreloopError(
                f"[windows] length was {written(marks.window)} when the monitor last ran; the windows that "
                f"it holds cannot be cut to {written(self._length)}: put it back, or begin another stream"
            )
        self.stamp, self._finished = marks.stamp, marks.finished
        self._windows.forgotten_before = marks.forgotten_before
        self._buckets.spoken_before = marks.spoken_before

    def _restore(self, key: bytes, value: bytes) -> None:
        if key.startswith(WINDOW_PREFIX):
            self._windows.restore(value)
        elif key.startswith(BUCKET_PREFIX):
            self._buckets.restore(value)
        elif key.startswith(STANDING_PREFIX):
            self._standings.take(Standing.model_validate_json(value))
        elif key == TOTALS_KEY:
            self._totals.restore(Totals.model_validate_json(value))
        elif key == BAD_RECORDS_KEY:
            self._bad_records.restore(value)
        elif key == EARLY_WARNING_KEY:
            self._early.restore(value)
        elif key == HELD_BACK_KEY:
            self._held_back.restore(value)
        elif key == TRIAL_KEY:
            self._trials.restore(value)
        elif key == SNAPSHOTS_KEY:
            self._snapshots.restore(value)
        else:
            self._alarms.restore(key, value)
            self._warnings.restore(key, value)

    def _asked(self, buckets: list[Sums], now: int) -> tuple[list[Asked], list[Drift]]:
        """What may be asked for, a time's buckets after the other, and the alarms that may not ask yet."""
        asked: list[Asked] = []
        rung: list[Drift] = []
        for _, group in groupby(buckets, key=lambda sums: sums[0].from_ts):
            sums = list(group)
            wanted = [
                *self._alarms.buckets(sums, now),
                *self._trials.buckets(sums, now),
                *self._snapshots.buckets(sums, now),
            ]
            may = list(self._held_back.bucket(sums, wanted, now, self._alarms.urgency))
            asked += may
            told = [one.drift for one in may]
            rung += [one.drift for one in wanted if one.drift is not None and one.drift not in told]
        return asked, rung

    def _add(self) -> None:
        deltas, self._deltas = self._deltas, []
        self._windows.add(deltas)
        self._buckets.add(deltas)
        self._warnings.add(deltas)
        self._totals.add(deltas)
