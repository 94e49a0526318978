import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from answers import answered
from samples import settings
from sklearn import metrics

from events.feature_codec import features_type
from events.prediction_codec import Answered
from events.records import Metric, Segment
from events.schema import label_key
from events.settings import Settings
from models import exact
from models.cells import Cells
from models.delays import rounded
from models.merging import merged_by_cell
from models.tallies import Cell, Tally
from models.windows import Figuring, window, windows

LENGTH = 12_000
STREAM: dict[str, Any] = {
    "features": {
        "country": {"type": "category", "values": ["NO"], "nullable": True},
        "new": {"type": "boolean", "nullable": True},
    },
    "windows": {"length": "12s", "bucket": "1s", "segments": ["country", "new"]},
}
REGRESSION = settings(**STREAM, task="regression", labels={})
FEATURES = features_type(REGRESSION.features)
ROW = FEATURES(f0="NO", f1=True)
SEED = 7


def classification(classes: tuple[Any, ...]) -> Settings:
    return settings(**STREAM, labels={"classes": classes, "positive": classes[1]})


def number(ts: int, prediction: float) -> Answered:
    return answered(ROW, prediction, ts=ts)


def measured(
    answers: list[Answered], labels: list[Any], delays: list[int], stream: Settings = REGRESSION
) -> Metric:
    """The figures of all answers, which lie in one window; a label None is one that never came."""
    cells, found = Cells(stream), []
    events = list(zip(answers, labels, delays, strict=True))
    random.Random(3).shuffle(events)
    for i, (answer, label, delay) in enumerate(events):
        cells.predicted(answer)
        if label is None:
            cells.expired(answer)
        else:
            cells.matched(answer, label, answer.ts + delay)
        if i % 37 == 0:
            found += list(cells.deltas().items())
    found += list(cells.deltas().items())
    [(cell, tally)] = [item for item in windows(found, LENGTH).items() if item[0].segment is None]
    return Figuring(LENGTH, len(stream.classes), stream.positive_index).metric(cell, tally, final=True)


@pytest.mark.parametrize("classes", [("ok", "fraud"), (0, 1, 2), tuple("abcdefg")])
def test_a_classifications_window_is_an_offline_recomputation(classes: tuple[Any, ...]) -> None:
    n, k = 400, len(classes)
    rng = np.random.default_rng(SEED)
    truth, answer = rng.integers(0, k, n), rng.integers(0, k, n)
    chances = rng.dirichlet(np.ones(k), n)
    came, delays = rng.random(n) < 0.8, rng.integers(-10, 100_000, n)
    keys = [label_key(label) for label in classes]
    answers = [
        answered(ROW, classes[a], dict(zip(keys, map(float, p), strict=True)), ts=int(ts))
        for ts, a, p in zip(rng.integers(0, LENGTH, n), answer, chances, strict=True)
    ]
    labels = [classes[t] if c else None for t, c in zip(truth, came, strict=True)]
    found = measured(answers, labels, delays.tolist(), classification(classes))

    t, a, kappa = truth[came], answer[came], came.mean()
    error = (t != a).mean()
    average: dict[str, Any] = {"average": "macro"} if k > 2 else {"pos_label": 1}
    ups = sorted(map(rounded, delays[came].tolist()))
    assert (found.predictions, found.labelled, found.expired) == (n, came.sum(), n - came.sum())
    assert found.coverage == kappa
    assert found.error == error
    assert found.error_low == pytest.approx(kappa * error, rel=1e-12)
    assert found.error_high == pytest.approx(kappa * error + 1 - kappa, rel=1e-12)
    assert found.values == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(t, a),
            "precision": metrics.precision_score(t, a, **average),
            "recall": metrics.recall_score(t, a, **average),
            "f1": metrics.f1_score(t, a, **average),
            "log_loss": metrics.log_loss(t, chances[came], labels=range(k)),
        },
        rel=1e-9,
    )
    assert found.label_delay_p50_ms == ups[math.ceil(0.5 * len(ups)) - 1]
    assert found.label_delay_p99_ms == ups[-(-99 * len(ups) // 100) - 1]
    assert (found.from_ts, found.to_ts, found.final, found.segment) == (0, LENGTH, True, None)


@pytest.mark.parametrize(
    ("origin", "spread", "error"),
    [(0, 1, 1), (1e6, 1, 1e-3), (-1e9, 1e-3, 1e-3), (0, 1e75, 1e75), (0, 1e150, 1e-15), (0, 1e-140, 1e-145)],
)
def test_a_regressions_window_is_an_offline_recomputation(origin: float, spread: float, error: float) -> None:
    """Squared errors from 1e-290 to 1e150."""
    n = 300
    rng = np.random.default_rng(SEED)
    truth = rng.normal(origin, spread, n)
    answer = truth + rng.normal(0, error, n)
    answers = [number(i, float(p)) for i, p in enumerate(answer)]
    found = measured(answers, truth.tolist(), [0] * n)
    expected = {
        "mse": metrics.mean_squared_error(truth, answer),
        "mae": metrics.mean_absolute_error(truth, answer),
        "rmse": metrics.root_mean_squared_error(truth, answer),
    }
    exactly = [Fraction(t) for t in truth]  # the mean as a double is too far off where the spread is small
    mean = sum(exactly) / n
    r2 = 1 - np.square(answer - truth).sum() / float(sum((t - mean) ** 2 for t in exactly))
    values = dict(found.values)
    assert values.pop("r2") == pytest.approx(r2, rel=1e-9, abs=1e-9)
    assert values == pytest.approx(expected, rel=1e-9, abs=0)
    assert found.error == values["mse"]
    assert (found.error_low, found.error_high) == (None, None)


def test_squared_errors_beyond_a_double_stay_finite() -> None:
    found = measured([number(0, 1e308), number(1, 1e308)], [-1e308, 1e308], [0, 0])
    assert found.error == exact.LARGEST / 2
    assert all(value is not None and math.isfinite(value) for value in found.values.values())


def test_a_figure_without_a_denominator_is_none() -> None:
    empty = Figuring(LENGTH, 2, 1).metric(Cell(1, "champion", None, 0), Tally(), final=False)
    assert (empty.coverage, empty.error, empty.error_low, empty.error_high) == (None,) * 4
    assert set(empty.values.values()) == {None}
    assert (empty.label_delay_p50_ms, empty.label_delay_p99_ms) == (None, None)
    unlabelled = Figuring(LENGTH, 0).metric(
        Cell(1, "champion", None, 0), Tally(predictions=3, expired=3), final=True
    )
    assert (unlabelled.coverage, unlabelled.error) == (0, None)
    assert set(unlabelled.values.values()) == {None}
    constant = measured([number(0, 1.0), number(1, 0.1)], [0.1, 0.1], [0, 0])
    assert constant.values["r2"] is None
    tiny = measured([number(0, 1.0), number(1, 0.1)], [1e-35, 1e-35], [0, 0])
    assert tiny.values["r2"] is None


def test_the_contract_s_example() -> None:
    tally = Tally(
        predictions=1000, matched=800, expired=200, loss=40 * exact.ONE, confusion={(0, 1): 40, (1, 1): 760}
    )
    found = Figuring(LENGTH, 2, 1).metric(Cell(7, "champion", None, 0), tally, final=True)
    assert (found.coverage, found.error, found.error_low, found.error_high) == (0.8, 0.05, 0.04, 0.24)
    assert found.values["accuracy"] == 0.95


def test_a_running_windows_bounds_hold_whatever_the_waiting_labels_are() -> None:
    tally = Tally(predictions=10, matched=4, loss=exact.ONE, confusion={(0, 1): 1, (1, 1): 3})
    found = Figuring(LENGTH, 2, 1).metric(Cell(7, "champion", None, 0), tally, final=False)
    assert (found.coverage, found.error, found.error_low, found.error_high) == (0.4, 0.25, 0.1, 0.7)


def test_windows_are_aligned_to_the_epoch() -> None:
    cells = [Cell(7, "champion", None, ts) for ts in (-1000, 0, 11_000, 12_000)]
    assert [window(cell, LENGTH).from_ts for cell in cells] == [-LENGTH, 0, 0, LENGTH]
    sums = windows(((cell, Tally(predictions=1)) for cell in cells), LENGTH)
    assert [(cell.from_ts, tally.predictions) for cell, tally in sums.items()] == [
        (-LENGTH, 1),
        (0, 2),
        (LENGTH, 1),
    ]


@pytest.mark.parametrize("ts", [-(2**63), 2**63 - 1])
def test_the_ends_of_time_have_windows_too(ts: int) -> None:
    found = measured([number(ts, 1.0)], [1.0], [0])
    assert found.from_ts <= ts <= found.to_ts
    assert found.to_ts % LENGTH == 0 or found.to_ts == 2**63 - 1
    assert Metric.found(found.encoded()) == found


def test_a_segment_is_named() -> None:
    cells = Cells(REGRESSION)
    cells.predicted(answered(FEATURES(f0=None, f1=True), 1.0))
    cells.predicted(answered(FEATURES(f0="NO", f1=None), 1.0))
    sums = windows(merged_by_cell(cells.deltas().items()).items(), LENGTH)
    named = [Figuring(LENGTH, 0).metric(*item, final=False).segment for item in sums.items()]
    values = [("country", None), ("new", True), ("country", "NO"), ("new", None)]
    assert named == [None, *(Segment(feature=name, value=value) for name, value in values)]
    assert [type(segment.value) for segment in named if segment] == [type(value) for _, value in values]


def test_figures_of_windows_carry_no_histograms() -> None:
    cells = Cells(REGRESSION)
    cells.predicted(number(0, 1.0))
    [whole, *_] = windows(cells.deltas().items(), LENGTH).values()
    assert whole == Tally(predictions=1)
