"""Why a version answered an event as it did: which method fits it, and whether what it gives adds up."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose

import numpy as np
from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.schema import Label, label_key, same_label
from events.settings import Settings
from models.frame import Layout, Row
from models.golden import TOLERANCE
from models.online import learns_online
from models.shapley import Numbers, Shares, Tell, enumerated, rows_of, sampled
from models.steady import Steady
from models.tree_shap import tree_shares

BACKGROUND = 100
"""Rows, at equal distances over those that the version learned from."""
_MOST_ROWS, _MOST_ONLINE = 2**15, 2**13
"""All coalitions of eight features with such a background, or of six."""


@dataclass(frozen=True)
class Explanation:
    """What each feature contributes to an answer, in the answer's own unit."""

    of: str
    """What is explained: the probability of the class that was answered, or the number."""
    answer: float
    """What the version answers here."""
    features: Sequence[str]
    shares: Shares

    def agrees(self, written: float) -> bool:
        """Whether the answer is the one that was `written`, as golden answers are, and the shares make it."""
        same = isclose(self.answer, written, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        return same and self.shares.add_up_to(written)

    @property
    def contributions(self) -> dict[str, float]:
        """Each feature's."""
        return dict(zip(self.features, self.shares.values.tolist(), strict=True))

    @property
    def errors(self) -> dict[str, float] | None:
        """The standard error of each; None where they are exact."""
        known = self.shares.errors
        return None if known is None else dict(zip(self.features, known.tolist(), strict=True))


def explanation(
    settings: Settings,
    pipeline: Pipeline,
    event: Row,
    answered: Label,
    background: Sequence[Row],
    most: int,
    seed: int,
    tell: Tell,
) -> Explanation:
    """Why `pipeline` answers `event` with `answered`, against at least one row of `background`.

    All coalitions where these are at most `most` rows; else shap where it fits; else permutations.

    Raises:
        ScoreloopError: it has no answer to the event, or to a mixture of it with the background.
    """
    layout = Layout(settings.features)
    steady = Steady(pipeline, layout, len(settings.classes))
    of, index = _explained(settings, answered)

    def ask(rows: Sequence[Row]) -> Numbers:
        answers = steady.outputs(rows)[:, index]
        if not np.isfinite(answers).all():
            raise ValueError("an answer is not finite")
        return answers

    try:
        [answer] = ask([event]).tolist()
        if rows_of(len(event), len(background)) <= most:
            shares = enumerated(ask, event, background, tell)
        else:
            known = tree_shares(pipeline, layout, event, background, index)
            if known is not None and known.add_up_to(answer):  # a release of shap may misread trees
                shares = known
            else:
                shares = sampled(ask, event, background, most, seed, tell)
    except (ValueError, ArithmeticError) as error:
        raise ScoreloopError(f"the version fails on a mixture of the event with others: {error}") from None
    return Explanation(of, answer, list(settings.features), shares)


def most_rows(pipeline: Pipeline) -> int:
    """How many rows `pipeline` answers in some seconds, roughly: what one explanation may cost."""
    return _MOST_ONLINE if learns_online(pipeline) else _MOST_ROWS


def _explained(settings: Settings, answered: Label) -> tuple[str, int]:
    if not settings.classes:
        return "prediction", 0
    index = next((i for i, one in enumerate(settings.classes) if same_label(one, answered)), None)
    if index is None:
        raise ScoreloopError(f"the answer {answered!r:.60} is none of the stream's classes")
    return f"probability of {label_key(answered)}", index
