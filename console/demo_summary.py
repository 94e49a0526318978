"""What the demo's topics say afterwards: a table, a page and a picture, and whether the loop recovered."""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from console import page, picture
from console.picture import Mark
from console.story import Story, told
from console.words import moment
from events.records import Decision, Drift, Roles
from events.settings import Settings

HOLDS, DOES_NOT = "holds", "does not hold"


class Cast(NamedTuple):
    """Rows of the data: where the stream begins, where the sensor fails and is mended, where it ends."""

    first: int
    fails: int
    mended: int
    last: int


@dataclass(frozen=True)
class Line:
    """One line of the summary; `holds` is None where it is a figure and no check."""

    what: str
    found: str
    holds: bool | None = None

    @property
    def mark(self) -> str:
        """The check in words."""
        return "" if self.holds is None else HOLDS if self.holds else DOES_NOT


class Turns:
    """The moments that the story turns on, as event times and by the clock."""

    def __init__(self, story: Story, cast: Cast) -> None:
        answers = story.answers
        first = int(answers.ts[0])
        self.fails, self.mended = (first + (row - cast.first) * 1_000 for row in (cast.fails, cast.mended))
        self.fails_at = int(answers.scored_ts[answers.ts >= self.fails].min())
        self.alarm = next((drift for drift in _alarms(story) if drift.ts >= self.fails_at), None)
        self.warning = next((d for d in story.drift if d.kind == "quality" and d.ts >= self.fails_at), None)
        self.trial = next((roles for roles in story.roles if roles.canary is not None), None)
        self.promotion = next((roles for roles in story.roles if roles.champion > 1), None)
        self.rollback = next(
            (d for d in story.control if d.action == "rollback" and d.requested_by == "operator"), None
        )

    def during(self, story: Story) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Answers before the failure; after it by the old version; by a new one until it was mended."""
        ts, version = story.answers.ts, story.answers.version
        failed = (ts >= self.fails) & (ts < self.mended)
        return ts < self.fails, failed & (version == 1), failed & (version != 1)


def summary(settings: Settings, cast: Cast, folder: Path, *, verified: bool, seconds: float) -> bool:
    """Print the table, write `index.html` and `error.png` into `folder`; whether every check holds."""
    story = told(settings)
    turns = Turns(story, cast)
    lines = _lines(story, turns, cast, verified=verified)
    title = "A sensor fails, and the loop mends itself"
    image = folder / "error.png"
    picture.draw(image, title, story.metrics, list(_marks(story, turns)))
    rows = [[line.what, line.found, line.mark] for line in lines]
    fed = cast.last - cast.first
    said = f"{fed:,} readings through a real Kafka in {seconds:.0f} s; labels late, some missing."
    tables: list[page.Section] = [
        ("What the topics say", ("what", "found", ""), rows),
        ("Every step", ("when", "what", "why"), _steps(story)),
    ]
    page.write(folder / "index.html", title, said, image, tables)
    _print(lines, f"{title.lower()} ({seconds:.0f} s)", folder)
    return all(line.holds is not False for line in lines)


def _lines(story: Story, turns: Turns, cast: Cast, *, verified: bool) -> list[Line]:
    answers, fed = story.answers, cast.last - cast.first
    labelled = answers.labels(np.ones(len(answers.ts), bool))
    before, during, after = (answers.error(part) for part in turns.during(story))
    early = sum(1 for drift in _alarms(story) if drift.ts < turns.fails_at)
    rose = before is not None and during is not None and during > before
    recovered = rose and after is not None and after < (during + before) / 2  # type: ignore[operator]
    return [
        Line("events sent", f"{fed:,}"),
        Line("predictions, each labelled or expired", f"{len(answers.ts):,}", len(answers.ts) == fed),
        Line("labelled", f"{labelled:,} ({labelled / len(answers.ts):.0%})"),
        Line("error before the failure", _figure(before)),
        Line("error after it, by version 1", _figure(during), rose),
        Line("error after it, by what took its place", _figure(after), recovered),
        Line("alarms before the failure", str(early), early == 0),
        _since("warning of a feature", story, turns, turns.warning),
        _since("alarm", story, turns, turns.alarm),
        _since("trial of a new version", story, turns, turns.trial),
        _since("promotion", story, turns, turns.promotion),
        Line("versions that served", " → ".join(str(roles.champion) for roles in _tenures(story))),
        Line("the operator's rollback", *_rolled_back(story, turns.rollback)),
        Line("scoreloop verify", "I1 to I5 reread from the topics", verified),
    ]  # fmt: skip


def _alarms(story: Story) -> list[Drift]:
    """Those on the measured error; the others only warn."""
    return [drift for drift in story.drift if drift.alarm]


def _figure(error: float | None) -> str:
    return "none measured" if error is None else f"{error:.4f}"


def _since(what: str, story: Story, turns: Turns, found: Drift | Roles | None) -> Line:
    """How long after the failure something was, by the clock and in labels that were known by then."""
    if found is None:
        return Line(f"from the failure to the {what}", "never", holds=False)
    answers = story.answers
    known = answers.labels((answers.ts >= turns.fails) & (answers.settled_ts <= found.ts))
    took = f"{(found.ts - turns.fails_at) / 1000:.1f} s, {known:,} labels"
    return Line(f"from the failure to the {what}", took, holds=True)


def _rolled_back(story: Story, decision: Decision | None) -> tuple[str, bool]:
    if decision is None:
        return "not asked for", False
    result = story.results.get(decision.decision_id)
    done = result is not None and result.status == "done"
    return "nothing came of it" if result is None else result.reason, done


def _marks(story: Story, turns: Turns) -> list[Mark]:
    when = story.answers.event_time
    marks = [
        Mark(turns.fails, "a sensor fails", picture.WORLD),
        Mark(turns.mended, "it is mended", picture.WORLD),
    ]
    marks += [Mark(when(drift.ts), "alarm", picture.ALARM) for drift in _alarms(story)]
    retrains = [d for d in story.control if d.action == "retrain"]
    marks += [Mark(when(d.ts), "" if n else "retrain", picture.RETRAIN) for n, d in enumerate(retrains)]
    if turns.trial is not None and (canary := turns.trial.canary) is not None:
        marks.append(Mark(when(turns.trial.ts), f"version {canary.version} on trial", picture.RETRAIN))
    marks += [_change(roles, story, when(roles.ts)) for roles in _tenures(story)[1:]]
    return marks


def _tenures(story: Story) -> list[Roles]:
    """The roles with which each champion began."""
    return [next(same) for _, same in groupby(story.roles, key=lambda roles: roles.champion)]


def _change(roles: Roles, story: Story, ts: int) -> Mark:
    back = next((d for d in story.control if d.decision_id == roles.decision_id), None)
    if back is not None and back.action == "rollback":
        return Mark(ts, f"{back.requested_by}'s rollback to {roles.champion}", picture.ROLLBACK)
    return Mark(ts, f"version {roles.champion} promoted", picture.PROMOTION)


def _steps(story: Story) -> list[list[str]]:
    steps = [(d.ts, "alarm" if d.alarm else "warning", d.message) for d in story.drift]
    steps += [(d.ts, f"{d.requested_by} asks for {d.action}", d.reason) for d in story.control]
    steps += [(result.ts, result.status, result.reason) for result in story.results.values()]
    steps += [(roles.ts, f"version {roles.champion} serves", f"epoch {roles.epoch}") for roles in story.roles]
    return [[moment(ts), what, why] for ts, what, why in sorted(steps)]


def _print(lines: list[Line], title: str, folder: Path) -> None:
    table = Table("what", "found", "", title=title, title_justify="left")
    for line in lines:
        color = {None: "", HOLDS: "green", DOES_NOT: "red"}.get(line.mark or None, "")
        table.add_row(line.what, line.found, f"[{color}]{line.mark}[/]" if color else "")
    console = Console(width=max(Console().width, 100))
    console.print()
    console.print(table)
    console.print(f"the page: {folder / 'index.html'}\nthe picture: {folder / 'error.png'}", soft_wrap=True)
