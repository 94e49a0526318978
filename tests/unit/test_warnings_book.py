"""The monitor's warnings without labels: once an excursion, anew for another version, over restarts."""

import random
from typing import Any

import joins
import numpy as np
from samples import settings

from events.records import Decision, Drift, Manifest, Roles
from events.settings import Settings
from models import counts
from models.asking import Asked
from models.histograms import BUCKETS, Histograms, probable
from models.monitor_book import MonitorBook
from models.reference import reference
from models.tallies import Cell, Tally
from models.warnings_book import Warnings

LENGTH = 100
STREAM = settings(
    features={"x": {"type": "number", "nullable": True}, "c": {"type": "category", "values": ["a", "b"]}},
    labels={"classes": [0, 1]},
    windows={"length": f"{LENGTH}ms", "bucket": "50ms"},
    drift={"least_rows": 100},
)
ROWS = 150


def rows(seed: int, x: Any = None, count: int = ROWS) -> list[Any]:
    chance = random.Random(seed)
    return [(x(chance) if x else chance.gauss(0, 1), chance.choice("ab")) for _ in range(count)]


def high(chance: random.Random) -> float:
    return chance.gauss(0.8, 1)


def holed(chance: random.Random) -> float | None:
    return None if chance.random() < 0.5 else chance.gauss(0, 1)


LEARNED = reference(STREAM, rows(0, count=400)).stated()


def manifest(
    version: int = 1, stated: dict[str, Any] | None = LEARNED, metrics: dict[str, Any] | None = None
) -> Manifest:
    return Manifest(
        version=version, created_ts=0, artifact_sha256="a" * 64, format="skops", estimator="linear",
        schema_sha256="b" * 64, trained_on={}, params={}, metrics=metrics or {},
        parent_version=None, decision_id="d", environment={}, reference=stated,
    )  # fmt: skip


def roles(epoch: int = 1, champion: int = 1) -> Roles:
    return Roles(epoch=epoch, ts=0, champion=champion, decision_id=f"d-{epoch}")


def tally(given: list[Any], scores: float = 0.3, expired: int = 0) -> Tally:
    some = probable(np.full(len(given), scores))
    [scored] = counts.counted(np.zeros(len(given), dtype=np.int64), some, 1, BUCKETS)
    return Tally(
        predictions=len(given), matched=len(given) - expired, expired=expired,
        features=Histograms(STREAM).rows({0: given})[0], scores=scored,
    )  # fmt: skip


class Log:
    """Warnings with what they have written, restored before each window where `restarts`."""

    def __init__(self, stream: Settings = STREAM, *, restarts: bool = False) -> None:
        self.stream, self.restarts = stream, restarts
        self.warnings = Warnings(stream)
        self.state: dict[bytes, bytes] = {}
        self.window = 0
        self.asked: list[Decision] = []

    def serve(self, *manifests: Manifest, epoch: int = 1, champion: int = 1) -> "Log":
        for one in manifests:
            self.warnings.version(one)
        self.warnings.roles(roles(epoch, champion))
        self._write()
        return self

    def drifts(self, sums: Tally, version: int = 1) -> list[Drift]:
        """What the next window gives rise to."""
        if self.restarts:
            self.warnings = Warnings(self.stream)
            for key, value in self.state.items():
                self.warnings.restore(key, value)
            assert list(self.warnings.changes()) == []
        cell = Cell(version, "champion", None, self.window * LENGTH)
        self.window += 1
        self.warnings.add([(cell, sums)])
        final = cell._replace(from_ts=cell.from_ts + LENGTH // 2), sums
        found = list(self.warnings.rung(self.window * LENGTH, [final], now=99))
        self._write()
        self.asked += [one.decision for one in found if isinstance(one, Asked)]
        return [one for one in found if isinstance(one, Drift)]

    def said(self, given: list[Any], version: int = 1, **more: Any) -> list[str]:
        return [f"{one.kind} {one.feature}" for one in self.drifts(tally(given, **more), version)]

    def _write(self) -> None:
        for key, value in self.warnings.changes():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value


def test_a_warning_says_what_moved_and_against_what() -> None:
    log = Log().serve(manifest(7), champion=7)
    assert log.drifts(tally(rows(1)), 7) == []
    [drift] = log.drifts(tally(rows(2, high)), 7)
    assert (drift.kind, drift.detector, drift.model_version, drift.feature) == (
        "feature",
        "feature-drift",
        7,
        "x",
    )
    assert (drift.from_ts, drift.to_ts, drift.change_ts, drift.ts) == (100, 200, 100, 99)
    assert drift.evidence > drift.threshold >= 0.1
    assert drift.alarm_id == "feature-drift.7.1.100.x"
    assert drift.message.startswith("x: ")
    assert drift.message.endswith("; 150 events of version 7")
    assert "a share of 0.01 of the stretches at most has a false warning" in drift.guarantee


def test_it_is_told_once_an_excursion_also_over_restarts() -> None:
    for restarts in (False, True):
        log = Log(restarts=restarts).serve(manifest())
        said = [log.said(rows(i, high if i in {2, 3, 4, 8} else None)) for i in range(10)]
        assert said == [[], [], ["feature x"], [], [], [], [], [], ["feature x"], []]


def test_what_its_quality_explains_is_not_told_as_drift_too() -> None:
    log = Log().serve(manifest())
    assert log.said(rows(1, holed)) == ["quality x"]
    assert log.said(rows(2, holed)) == []
    assert log.said(rows(3, high)) == ["feature x"], "nothing is missing any more, and it has moved"
    assert log.said(rows(4, lambda _: None)) == ["quality x"]


def test_another_version_is_held_against_what_it_learned_from() -> None:
    learned = reference(STREAM, rows(9, high, count=400)).stated()
    log = Log().serve(manifest(), manifest(2, learned))
    assert log.said(rows(1, high)) == ["feature x"]
    log.serve(epoch=2, champion=2)
    assert log.said(rows(2, high), version=2) == []
    assert log.said(rows(3), version=2) == ["feature x"]
    log.serve(epoch=3, champion=1)
    assert log.said(rows(4, high)) == ["feature x"], "told of anew"
    log.serve(epoch=2, champion=2)
    assert log.said(rows(5), version=2) == [], "an older epoch says nothing, so it does not serve"


def test_a_version_without_a_reference_is_watched_by_its_scores_alone() -> None:
    log = Log().serve(manifest(stated=None))
    said = [log.said(rows(i, high), scores=0.9 if i in {5, 6} else 0.3) for i in range(8)]
    assert said == [[], [], [], [], [], ["score None"], [], []]
    assert set(log.state) == {b"warnings"}
    strange = Log().serve(manifest(stated={"features": {"x": "?"}}))
    assert strange.said(rows(1, high)) == []


def test_scores_are_those_of_the_version_that_serves() -> None:
    log = Log(restarts=True).serve(manifest(), manifest(2))
    assert [log.said(rows(i)) for i in range(5)] == [[]] * 5
    log.serve(epoch=2, champion=2)
    assert [log.said(rows(i), version=2, scores=0.9) for i in range(5)] == [[]] * 5
    assert log.said(rows(7), version=2) == ["score None"]


SURE = {"confidence": {"bins": [[1, 100, 90], [21, 100, 60]], "lowest": 0.75}}
"""Nine in ten answers whose score is below 0.4 were right, six in ten of the others."""


def test_an_estimated_accuracy_that_falls_is_told_of_once_an_excursion() -> None:
    log = Log(restarts=True).serve(manifest(metrics=SURE))
    low, high = [0.3] * 3, [0.5] * 2
    drifts = [log.drifts(tally(rows(i), scores=score)) for i, score in enumerate([*low, *high, *low, 0.5])]
    told = [[drift.detector for drift in some] for some in drifts]
    assert told == [[], [], [], ["confidence"], [], [], [], [], ["confidence"]]
    [drift] = drifts[3]
    assert (drift.kind, drift.feature, drift.alarm) == ("score", None, False)
    assert drift.message.startswith("accuracy estimated from confidence 60 %, was 75 % on the holdout; 150 ")
    bare = Log(restarts=True).serve(manifest(stated=None, metrics=SURE))
    assert bare.said(rows(1), scores=0.5) == ["score None"], "it rests on no reference"


def asking(*kinds: str) -> Settings:
    watch = {"least_rows": 100, "retrain": list(kinds) or False}
    return settings(**{**STREAM.model_dump(exclude_unset=True), "drift": watch})


def test_a_warning_asks_for_one_retrain_an_excursion_where_the_stream_says_so() -> None:
    both = [(x, "a" if i % 9 else "b") for i, (x, _) in enumerate(rows(1, high))]
    calm = [rows(i) for i in (3, 5, 6)]
    for kinds, expected in ((("feature",), ["c", "x"]), (("quality", "score"), []), ((), [])):
        log = Log(asking(*kinds), restarts=True).serve(manifest())
        told = [log.drifts(tally(given)) for given in (rows(0), both, both, *calm, rows(4, high))]
        assert list(map(len, told)) == [0, 2, 0, 0, 0, 0, 1]
        assert [one.evidence["feature"] for one in log.asked] == expected, "of two that move the farthest"
        assert max(told[1], key=lambda drift: drift.evidence).feature == "c"


def test_what_a_warning_asks_for_names_it_and_no_change_that_labels_are_known_of() -> None:
    log = Log(asking("feature")).serve(manifest())
    [drift] = log.drifts(tally(rows(1, high)))
    [asked] = log.asked
    assert (asked.action, asked.requested_by, asked.model_version) == ("retrain", "monitor", 1)
    assert (asked.alarm_id, asked.ts, asked.target_version) == (drift.alarm_id, 99, None)
    assert asked.evidence == {
        "kind": "feature", "detector": "feature-drift", "feature": "x", "evidence": drift.evidence,
        "threshold": drift.threshold, "from_ts": 0, "to_ts": 100,
    }  # fmt: skip
    assert drift.message in asked.reason


def test_labels_that_stop_coming_are_told_of_once() -> None:
    log = Log(restarts=True).serve(manifest())
    said = [log.said(rows(i), expired=120 if i in {5, 6} else 5) for i in range(9)]
    assert said == [[], [], [], [], [], ["coverage None"], [], [], []]
    assert log.said(rows(9), expired=100) == ["coverage None"], "what was odd is not what was before"


def test_coverage_is_gathered_anew_for_another_version() -> None:
    log = Log(restarts=True).serve(manifest(), manifest(2))
    assert [log.said(rows(i), expired=5) for i in range(5)] == [[]] * 5
    assert log.said(rows(6, count=60), expired=60) == [], "too few"
    log.serve(epoch=2, champion=2)
    assert log.said(rows(7), version=2, expired=5) == []


def test_nothing_is_said_before_somebody_serves_or_where_it_is_off() -> None:
    log = Log()
    log.warnings.version(manifest())
    assert log.said(rows(1, high)) == []
    off = Log(STREAM.model_copy(update={"drift": STREAM.drift.model_copy(update={"enabled": False})}))
    assert off.serve(manifest()).said(rows(1, high)) == []
    assert not [key for key in off.state if key.startswith(b"stretch/")]


def test_the_monitor_tells_of_it_before_the_labels_have_come() -> None:
    book = MonitorBook(STREAM, 1)
    book.follow(b"version/1", manifest().encoded())
    book.follow(b"roles", roles().encoded())
    waiting = Tally(predictions=ROWS, features=tally(rows(1, high)).features)
    for record in (joins.cell(0, waiting), joins.stands(0, 99)):
        book.take(*record)
    assert book.news(5, running=False).drifts == []
    written: Any = book.changes("a")
    book = MonitorBook.restored(STREAM, 1, {message["key"]: message["value"] for message in written})
    book.take(*joins.stands(0, 100))
    news = book.news(6, running=False)
    assert [(drift.kind, drift.feature, drift.ts) for drift in news.drifts] == [("feature", "x", 6)]
    assert news.metrics == []


def test_the_monitor_tells_of_it_at_a_finish() -> None:
    book = MonitorBook(STREAM, 1)
    book.follow(b"version/1", manifest().encoded())
    book.follow(b"roles", roles().encoded())
    for record in (joins.cell(0, tally(rows(1, high))), joins.stands(0, 5, finish=3)):
        book.take(*record)
    assert [drift.feature for drift in book.news(6, running=False).drifts] == ["x"]
