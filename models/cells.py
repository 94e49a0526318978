"""Answers → deltas of tallies: one for each cell that a batch touched."""

from collections import Counter
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec.structs import replace

from events.errors import ScoreloopError
from events.json_reading import INT64_MIN
from events.prediction_codec import Answered
from events.records import Role
from events.schema import Label
from events.settings import Settings
from models import counts
from models.histograms import Histograms
from models.matches import judge
from models.tallies import Cell, Tally


class Arm(NamedTuple):
    """Who answered an event, and the loss of that answer."""

    model_version: int
    role: Role
    loss: float


class _Open:
    """What a batch has so far for one cell."""

    __slots__ = ("expired", "matches", "pairs", "predicted")

    def __init__(self) -> None:
        self.predicted: list[Answered] = []
        self.expired = 0
        self.matches: list[Any] = []
        self.pairs: list[tuple[int, int]] = []


class Cells:
    """Gathers a batch's answers by cell; `deltas` hands them over and starts anew.

    An answer counts in the bucket of its event's time, for all events and for its value of each segment
    feature. Memory is that of the batch: its answers and a few tuples a label.
    """

    def __init__(self, settings: Settings) -> None:
        self._judge: Any = judge(settings.classes)  # its matches go back to it and to nobody else
        self._bucket = settings.windows.bucket_ms
        self._segments = settings.windows.segments
        self._values = _values(settings)
        self._histograms = Histograms(settings)
        self._open: dict[Cell, _Open] = {}
        self._found: dict[tuple[Any, ...], list[_Open]] = {}

    def predicted(self, answer: Answered) -> None:
        """`answer` came."""
        for cell in self._cells(answer):
            cell.predicted.append(answer)

    def matched(self, answer: Answered, label: Label, label_ts: int) -> float:
        """The label of `answer` came in time, known at `label_ts`; returns the loss.

        The loss is the integer 0 or 1 of a classification, or a regression's squared error.

        Raises:
            ScoreloopError: the answer or the label does not fit the settings' task and classes.
        """
        try:
            match = self._judge.match(answer, label, label_ts)
        except (KeyError, ValueError):
            raise ScoreloopError(
                f"an answer of version {answer.model_version}, or its label, does not fit the task and the "
                "classes in stream.toml, changed while it waited: put them back, or use a new `name`"
            ) from None
        for cell in self._cells(answer):
            cell.matches.append(match)
        loss: float = match[0]
        return loss

    def expired(self, answer: Answered) -> None:
        """The horizon of `answer` passed without a label."""
        for cell in self._cells(answer):
            cell.expired += 1

    def paired(self, ts: int, one: Arm, other: Arm) -> None:
        """Two versions answered the same event of time `ts`, and its label came."""
        sign = (one.loss > other.loss) - (one.loss < other.loss)
        self._whole(one, ts).pairs.append((other.model_version, sign))
        self._whole(other, ts).pairs.append((one.model_version, -sign))

    def deltas(self) -> dict[Cell, Tally]:
        """What was gathered since the last call."""
        gathered, self._open, self._found = self._open, {}, {}
        whole = {cell: opened.predicted for cell, opened in gathered.items() if cell.segment is None}
        # A shadow saw what the served version saw.
        features = self._histograms.features(
            {c: answers for c, answers in whole.items() if c.role != "shadow"}
        )
        scores = self._histograms.scores(whole)
        return {
            cell: replace(
                self._judge.tally(opened.matches) if opened.matches else Tally(),
                predictions=len(opened.predicted),
                expired=opened.expired,
                pairs=dict(Counter(opened.pairs)) if opened.pairs else {},
                features=features.get(cell, counts.NONE),
                scores=scores.get(cell, counts.NONE),
            )
            for cell, opened in gathered.items()
        }

    def _cells(self, answer: Answered) -> list[_Open]:
        ts = answer.ts
        key = (answer.model_version, answer.role, ts - ts % self._bucket, self._values(answer.features))
        return self._found.get(key) or self._opened(key)

    def _opened(self, key: tuple[int, Role, int, tuple[Any, ...]]) -> list[_Open]:
        """The cells of answers that agree in `key`: for all events, then for each segment."""
        version, role, start, values = key
        segments = [None, *zip(self._segments, values, strict=True)]
        found = [self._cell(version, role, segment, start) for segment in segments]
        self._found[key] = found
        return found

    def _whole(self, arm: Arm, ts: int) -> _Open:
        return self._cell(arm.model_version, arm.role, None, ts - ts % self._bucket)

    def _cell(self, version: int, role: Role, segment: Any, start: int) -> _Open:
        cell = Cell(version, role, segment, max(start, INT64_MIN))
        found = self._open.get(cell)
        if found is None:
            found = self._open[cell] = _Open()
        return found


def _values(settings: Settings) -> Any:
    """Takes the values of the segment features from a struct of features, as a tuple."""
    names = list(settings.features)
    fields = [f"f{names.index(name)}" for name in settings.windows.segments]
    match fields:
        case []:
            return lambda _: ()
        case [field]:
            return lambda features: (getattr(features, field),)
        case _:
            return attrgetter(*fields)
