"""Merged tallies of buckets → the contract's figures of a window."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from events.json_reading import INT64_MAX
from events.records import Metric, Segment
from models import exact, figures
from models.delays import quantile
from models.figures import Figures
from models.merging import merged_by_cell
from models.tallies import Cell, Tally, aligned


def window(bucket: Cell, length: int) -> Cell:
    """The window of `length` milliseconds, aligned to the epoch, that the bucket lies in."""
    return bucket._replace(from_ts=aligned(bucket.from_ts, length))


def windows(buckets: Iterable[tuple[Cell, Tally]], length: int) -> dict[Cell, Tally]:
    """The sums that figures need of each window, from those of its buckets, in any order and any parts."""
    return merged_by_cell((window(cell, length), tally.without_histograms()) for cell, tally in buckets)


@dataclass(frozen=True)
class Figuring:
    """How a stream's tallies become figures.

    `length` is a window's, in milliseconds; `classes` how many there are, 0 for a regression; `positive` the
    index of the positive one.
    """

    length: int
    classes: int
    positive: int = 0

    def metric(self, window: Cell, tally: Tally, *, final: bool) -> Metric:
        """The figures of `window`, whose sums are `tally`; a figure without a denominator is None.

        `coverage` is labelled / predictions. In a final window, where every prediction is matched or expired,
        that is labelled / (labelled + expired). In a running one it counts what still waits as not covered,
        since its labels are as unknown as missing ones: so the bounds hold for all its predictions so far,
        whatever their labels will be. Labelled / (labelled + expired) would be 1 until the first expiry,
        and the bounds would claim to know the error.
        """
        labelled, predictions = tally.matched, tally.predictions
        low, high = self._bounds(tally)
        end = window.from_ts - window.from_ts % self.length + self.length  # also where the start is cut off
        return Metric(
            model_version=window.model_version,
            role=window.role,
            from_ts=window.from_ts,
            to_ts=min(end, INT64_MAX),
            final=final,
            predictions=predictions,
            labelled=labelled,
            expired=tally.expired,
            coverage=exact.ratio(labelled, predictions),
            error=figures.ratio(exact.in_ones(tally.loss), labelled),
            error_low=low,
            error_high=high,
            values=self._values(tally),
            label_delay_p50_ms=quantile(tally.delays, 50),
            label_delay_p99_ms=quantile(tally.delays, 99),
            segment=None
            if window.segment is None
            else Segment(feature=window.segment[0], value=window.segment[1]),
        )

    def _bounds(self, tally: Tally) -> tuple[float | None, float | None]:
        """What a classification's error is if all answers without a label were right, and if all were wrong.

        As κ is labelled / predictions, κ·e is the errors' share of the predictions. Without labels there is
        no e, and so no bound.
        """
        if not self.classes or not tally.matched or not tally.predictions:
            return None, None
        wrong, unknown = exact.in_ones(tally.loss), tally.predictions - tally.matched
        return (
            figures.ratio(wrong, tally.predictions),
            figures.ratio(wrong + unknown, tally.predictions),
        )

    def _values(self, tally: Tally) -> Figures:
        if self.classes:
            return self._classification(tally)
        return figures.regression(
            tally.matched,
            exact.in_ones(tally.loss),
            exact.in_ones(tally.absolute),
            exact.in_ones(tally.label),
            Fraction(tally.label_squared, exact.ONE**2),
        )

    def _classification(self, tally: Tally) -> Figures:
        labels, answers, right = Counter[int](), Counter[int](), Counter[int]()
        for (label, answer), count in tally.confusion.items():
            labels[label] += count
            answers[answer] += count
            right[label] += count if label == answer else 0
        return figures.classification_from_counts(
            *([counts[k] for k in range(self.classes)] for counts in (labels, answers, right)),
            log_loss_sum=exact.in_ones(tally.log_loss),
            positive=self.positive,
        )
