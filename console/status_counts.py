"""The lower half of the status page: what became of answers and labels, and how good the champion was."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from console.counts import AnswerFacts, CountFacts, WatermarkFacts
from console.facts import Facts
from console.words import ago, counted, figure, percent, span
from events import topics
from events.durations import iso
from events.records import Metric


def counted_up(known: Facts) -> Iterator[RenderableType]:
    """The counts of I4, what they are of, and what they lack."""
    if known.counts is None:
        yield Text("nothing counted yet: no monitor has run")
        return
    counts = known.counts
    yield Text(
        f"counted up to {iso(counts.as_of_ts)}, {ago(known.ts - counts.as_of_ts)}{_not_counted(known)}"
    )
    table = Table("", "read", "matched", "expired", "waiting")
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("predictions", *_answers(counts.predictions, counts.waiting_by_joiner.predictions))
    table.add_row("shadows", *_answers(counts.shadows, counts.waiting_by_joiner.shadows))
    yield table
    yield Text(_labels(counts))


def _not_counted(known: Facts) -> str:
    """What the counts lack."""
    behind = known.services[topics.MONITOR].lags.get(topics.TALLIES.of(known.stream), 0)
    if behind:
        return f"; {counted(behind, 'tally', 'tallies')} not counted yet"
    return "" if known.services[topics.JOINER].lag else "; nothing to count since"


def _answers(answers: AnswerFacts, by_joiner: int) -> tuple[str, ...]:
    differs = "" if answers.waiting == by_joiner else f" (joiner: {by_joiner:,})"
    return (
        f"{answers.read:,}",
        f"{answers.matched:,}",
        f"{answers.expired:,}",
        f"{answers.waiting:,}{differs}",
    )


def _labels(counts: CountFacts) -> str:
    terms = counts.labels.model_dump(exclude={"read"})
    return f"labels: {counts.labels.read:,} read = " + " + ".join(
        f"{n:,} {term}" for term, n in terms.items()
    )


def watermark_line(watermark: WatermarkFacts) -> str:
    """How far the join is in event time."""
    if watermark.ts is None:
        return "watermark: not known before every partition of features and labels was heard of"
    behind = "" if watermark.behind_ms is None else f", {span(watermark.behind_ms)} behind the newest event"
    return f"watermark: {iso(watermark.ts)}{behind}"


def window_lines(metric: Metric | None) -> str:
    """The figures of the newest final window."""
    if metric is None:
        return "newest window: none of a champion is final yet"
    bounds = (
        ""
        if metric.error_low is None
        else f", with the missing labels {figure(metric.error_low)} to {figure(metric.error_high)}"
    )
    delays = (
        ""
        if metric.label_delay_p50_ms is None or metric.label_delay_p99_ms is None
        else f"; label delay p50 {span(metric.label_delay_p50_ms)}, p99 {span(metric.label_delay_p99_ms)}"
    )
    return (
        f"newest window: version {metric.model_version}, {iso(metric.from_ts)} to {iso(metric.to_ts)}, "
        f"{counted(metric.predictions, 'prediction', 'predictions')}\n"
        f"  coverage {percent(metric.coverage)}, error {figure(metric.error)}{bounds}{delays}"
    )
