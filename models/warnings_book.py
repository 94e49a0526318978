"""What the monitor warns of without labels: the champion's inputs, its scores, and the labels' coverage.

It looks at stretches of the champion's windows when they are over (`models.stretches`), and at coverage when
buckets are final. All tests of a stretch are one family, with false discoveries kept down over all of them.
What is told of is no chance, and large enough to matter. It is told of once an excursion: again only after it
was well below its limit, or when another version serves. It asks for nothing, unless `[drift] retrain` has
the kind: then for one retrain, whatever begins in a stretch.

Of a version whose manifest has no reference, only scores and coverage are looked at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct, field

from events.json_reading import INT64_MIN
from events.monitor_state import REFERENCE_PREFIX, STRETCH_PREFIX, WARNINGS_KEY
from events.records import Drift, Manifest, Roles
from events.settings import Settings
from models import counts
from models.asking import Asked
from models.confidence import accuracy_estimate
from models.counts import Integers
from models.coverage import Coverage, Span, coverage_drift
from models.data_quality import data_quality
from models.excursions import Excursions
from models.feature_drift import feature_drift
from models.finding import Finding, Seen, retrain, warning
from models.histograms import BUCKETS
from models.reference import Reference
from models.score_drift import FIRST_STRETCHES, score_drift
from models.stretches import Stretch, Stretches
from models.window_book import Sums


class State(Struct):
    """Kept as JSON in `internal.windows`."""

    epoch: int = 0
    champion: int | None = None
    seen_before: int = INT64_MIN
    """Of the stretches."""
    first: list[bytes] = field(default_factory=list)
    """The scores of the champion's first stretches."""
    coverage: Coverage = field(default_factory=Coverage)
    excursions: Excursions = field(default_factory=Excursions)


class Warnings:
    """Follows who serves, and whether what it answers is like what it learned from."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._watch = settings.drift
        self._stretches = Stretches(
            settings.windows.length, settings.drift.least_rows, settings.monitor.buckets_kept
        )
        self._references: dict[int, Reference] = {}
        self._state = State()
        self._changed: dict[bytes, bytes] = {}

    def version(self, manifest: Manifest) -> None:
        """A version was made known."""
        found = Reference.of(manifest)
        if found is not None and self._references.get(manifest.version) != found:
            self._references[manifest.version] = found
            key = REFERENCE_PREFIX + str(manifest.version).encode()
            self._changed[key] = msgspec.json.encode(found)

    def roles(self, roles: Roles) -> None:
        """It was said who serves."""
        state = self._state
        if roles.epoch <= state.epoch:
            return
        if roles.champion != state.champion:
            state.champion, state.excursions, state.first = roles.champion, Excursions(), []
            state.coverage.gathered = None
        state.epoch = roles.epoch
        self._tell()

    def add(self, buckets: Iterable[Sums]) -> None:
        """Add deltas of buckets."""
        if self._watch.enabled:
            self._stretches.add(buckets)

    def close(self) -> None:
        """A finish was carried out by all: nothing more comes into the windows that are there."""
        self._stretches.close()

    def rung(self, watermark: int | None, finals: Iterable[Sums], now: int) -> Iterator[Drift | Asked]:
        """The warnings to be given at `now`, and retrains that are asked for because of them.

        The join has read up to `watermark`; `finals` are the buckets that have become final, in order.
        """
        champion = self._state.champion
        if champion is None or not self._watch.enabled:
            return
        for stretch in self._stretches.over(champion, watermark):
            seen = Seen(
                champion, self._state.epoch, stretch.from_ts, stretch.to_ts, stretch.tally.predictions
            )
            yield from self._told(self._inputs(champion, stretch), seen, now)
        for span in self._spans(champion, finals):
            seen = Seen(champion, self._state.epoch, span.from_ts, span.to_ts, span.answers)
            yield from self._told(self._covered(span), seen, now)

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The state's records that have changed since the last call."""
        yield from self._stretches.changes()
        if self._stretches.seen_before != self._state.seen_before:
            self._state.seen_before = self._stretches.seen_before
            self._tell()
        yield from self._changed.items()
        self._changed.clear()

    def restore(self, key: bytes, value: bytes) -> None:
        """Take up what a record of the state says."""
        if key == WARNINGS_KEY:
            self._state = msgspec.json.decode(value, type=State)
            self._stretches.seen_before = self._state.seen_before
        elif key.startswith(STRETCH_PREFIX):
            self._stretches.restore(value)
        elif key.startswith(REFERENCE_PREFIX):
            version = int(key.removeprefix(REFERENCE_PREFIX))
            self._references[version] = msgspec.json.decode(value, type=Reference)

    def _inputs(self, champion: int, stretch: Stretch) -> list[Finding]:
        """Of a stretch's features and scores; what quality says of a feature stands before its drift."""
        least, features, first = self._watch.least_effect, self._settings.features, self._state.first
        tables = _tables(features, stretch.tally.features)
        scores = counts.dense(stretch.tally.scores, BUCKETS)
        findings: list[Finding] = []
        if (reference := self._references.get(champion)) is not None:
            findings += data_quality(reference, tables, least)
            findings += feature_drift(features, reference, tables, least)
            if reference.confidence is not None:
                findings.append(accuracy_estimate(reference.confidence, scores, least))
        if len(first) == FIRST_STRETCHES:
            findings.append(score_drift(self._settings.classes, first, scores, least))
        else:
            first.append(stretch.tally.scores)
        return findings

    def _spans(self, champion: int, finals: Iterable[Sums]) -> Iterator[Span]:
        windows, coverage = self._settings.windows, self._state.coverage
        for cell, tally in finals:
            if cell.role == "champion" and cell.model_version == champion:
                yield from coverage.take(
                    cell, tally, windows.bucket_ms, windows.length, self._watch.least_rows
                )
                self._tell()

    def _covered(self, span: Span) -> list[Finding]:
        """Of a stretch's coverage."""
        coverage = self._state.coverage
        finding = coverage_drift(coverage.before, span, self._watch.least_effect)
        if not (finding.matters and finding.found.p <= self._watch.false_discovery):
            coverage.keep(span)
        return [finding]

    def _told(self, findings: Sequence[Finding], seen: Seen, now: int) -> Iterator[Drift | Asked]:
        rate = self._watch.false_discovery
        begun = self._state.excursions.begun(findings, rate)
        self._tell()
        for one in begun:
            yield warning(one, seen, rate, now)
        reasons = [one for one in begun if one.kind in self._watch.retrain]
        if reasons:
            farthest = max(reasons, key=lambda one: one.found.distance)
            yield Asked(retrain(warning(farthest, seen, rate, now)))

    def _tell(self) -> None:
        self._changed[WARNINGS_KEY] = msgspec.json.encode(self._state)


def _tables(features: Iterable[str], value: bytes) -> Mapping[str, Integers]:
    """The buckets of each feature by name."""
    names = list(features)
    return dict(zip(names, counts.dense(value, len(names) * BUCKETS).reshape(-1, BUCKETS), strict=True))
