"""I4: final figures of `metrics` against their recomputation from answers and outcomes.

Only the newest record of a cell counts, and only when it says that it is final. A cell is left for later
where something may have changed since: answers that the joiner had not committed, whatever the sums in
`internal.tallies` speak of that the monitor had not committed, and what the monitor has still to restate.
That these are all rests on the joiner writing its sums in the transaction of the outcomes, and the monitor
its figures in the transaction of its offsets.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import Message

from events import topics
from events.dead_letters import octets
from events.internal import CELL_KEY
from events.json_reading import INT64_MAX
from events.records import Metric
from events.settings import Settings
from verify.book import Book, Cell
from verify.cut import Cut
from verify.figures import agree, figures, published
from verify.held import Held
from verify.report import Example, Findings, place
from verify.retention import NEVER, Retention
from verify.sums import Sums

_tally = msgspec.msgpack.Decoder(list[Any])


class Newest(NamedTuple):
    """The newest record of a cell in `metrics`."""

    where: str
    metric: Metric


def touch_pending(book: Book, messages: Iterable[Message], cut: Cut) -> Iterable[Message]:
    """Pass `internal.tallies` on, noting the cells of those that the monitor has not committed."""
    for message in messages:
        if octets(message.key()) == CELL_KEY and not cut.taken(topics.TALLIES, 0, message.offset() or 0):
            version, role, segment, ts = _tally.decode(octets(message.value()) or b"")[:4]
            book.touch(version, role, None if segment is None else tuple(segment), ts)
        yield message


class Windows:
    """Compares the figures of each cell that is final."""

    def __init__(self, settings: Settings, book: Book, findings: Findings) -> None:
        self._settings = settings
        self._book = book
        self._findings = findings
        self._newest: dict[Cell, Newest] = {}
        self._classes, self._positive = len(settings.classes), settings.positive_index
        self._gone = NEVER

    def read(self, messages: Iterable[Message]) -> None:
        """Take `metrics`, in order."""
        for message in messages:
            where = place(message.topic() or "", message.partition() or 0, message.offset() or 0)
            metric = Metric.found(octets(message.value()) or b"")
            if metric is None:
                self._broken("a record of metrics cannot be read", where, "figures of a window", "another")
            elif metric.to_ts != min(
                metric.from_ts - metric.from_ts % self._length + self._length, INT64_MAX
            ):
                self._findings.not_checked("metrics of windows of another length")
            else:
                segment = None if metric.segment is None else (metric.segment.feature, metric.segment.value)
                cell = Cell(metric.model_version, metric.role, segment, metric.from_ts)
                self._newest[cell] = Newest(where, metric)

    def check(self, held: Held, retention: Retention, *, finished: bool) -> None:
        """Compare every cell; `finished` says that a finish was carried out before anything was read."""
        answered = (topics.PREDICTIONS, topics.SHADOWS, topics.OUTCOMES)
        self._gone = max(retention.anywhere_until(topic) for topic in answered)
        for cell, newest in self._newest.items():
            if not newest.metric.final or cell in self._book.touched or held.to_be_restated(cell):
                self._findings.count("I4 windows", "not final yet")
            elif cell.segment is not None and cell.segment[0] not in self._settings.windows.segments:
                self._findings.not_checked("metrics of segments that stream.toml no longer names")
            else:
                self._compare(cell, newest, held)
        for cell, sums in self._book.cells.items() if finished else ():
            newest_or_none = self._newest.get(cell)
            final = newest_or_none is not None and newest_or_none.metric.final
            if not (final or sums.unfinished or held.forgotten(cell)):
                where = _shown(cell) if newest_or_none is None else newest_or_none.where
                self._broken(
                    "a window is not final after a finish", where, f"final: {_shown(cell)}", "not final"
                )

    def _compare(self, cell: Cell, newest: Newest, held: Held) -> None:
        sums, metric = self._book.cells.get(cell, Sums()), newest.metric
        answers = sums.predictions - metric.predictions
        settled = sums.labelled + sums.expired - metric.labelled - metric.expired
        if (answers < 0 or settled < 0) and self._may_be_gone(cell):
            self._findings.not_checked("windows of which retention has taken something")
            return
        if answers > 0 and held.forgotten(cell):
            self._findings.not_checked("windows that were forgotten before they changed (windows_kept)")
            return
        self._findings.count("I4 windows", "compared")
        waiting = sums.predictions - sums.labelled - sums.expired
        if waiting:
            self._broken("a window closed early: it is final and something in it waits", newest.where,
                         f"not final: {waiting} wait in {_shown(cell)}", "final")  # fmt: skip
        expected, found = figures(sums, self._classes, self._positive), published(metric)
        wrong = {name: value for name, value in expected.items() if not agree(value, found.get(name))}
        if wrong:
            said = ", ".join(f"{name} {found.get(name)}" for name in wrong)
            right = ", ".join(f"{name} {value}" for name, value in wrong.items())
            self._broken("a final figure is wrong", newest.where, f"{right} ({_shown(cell)})", said)

    @property
    def _length(self) -> int:
        return self._settings.windows.length

    def _may_be_gone(self, cell: Cell) -> bool:
        """Whether retention may have taken something of a cell: an event is hardly ahead of its record."""
        return cell.from_ts <= self._gone + self._settings.limits.max_future_skew

    def _broken(self, sentence: str, where: str, expected: str, found: str) -> None:
        example = Example(record=where, event_id=None, expected=expected, found=found)
        self._findings.broken("I4", sentence, example)


def _shown(cell: Cell) -> str:
    segment = "" if cell.segment is None else f", {cell.segment[0]} = {cell.segment[1]!r}"
    return f"version {cell.version} as {cell.role}, window from {cell.from_ts}{segment}"
