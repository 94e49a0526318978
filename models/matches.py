"""What a label says of an answer, and the sums over many.

`match` takes one answer and costs about a microsecond; `tally` adds many up at once, exactly: the sum over a
batch is the merged sum over its parts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from events.schema import Label, label_key
from models import exact, figures
from models.delays import rounded
from models.tallies import Tally


class ClassMatch(NamedTuple):
    """A class beside its label, by index."""

    delay: int
    pair: tuple[int, int]
    log_loss: float


class Classification:
    """Judges by the stream's classes, by JSON type and value.

    A label or an answer that is no class is a KeyError. A class that the answer gave no probability counts
    as one of 0.
    """

    def __init__(self, classes: Sequence[Label]) -> None:
        self._index = {(type(label), label): i for i, label in enumerate(classes)}
        self._keys = [label_key(label) for label in classes]

    def match(
        self, prediction: Label, probabilities: Mapping[str, float] | None, label: Label, delay: int
    ) -> ClassMatch:
        """What `label` says of the answer."""
        known = self._index[type(label), label]
        given = (probabilities or {}).get(self._keys[known], 0.0)
        pair = (known, self._index[type(prediction), prediction])
        return ClassMatch(rounded(delay), pair, figures.log_loss(given))

    def tally(self, matches: Sequence[ClassMatch]) -> Tally:
        """The sums over `matches`, at least one."""
        delays, pairs, log_losses = zip(*matches, strict=True)
        confusion = Counter(pairs)
        wrong = sum(count for (label, answer), count in confusion.items() if label != answer)
        return Tally(
            matched=len(matches),
            loss=wrong * exact.ONE,
            delays=dict(Counter(delays)),
            confusion=dict(confusion),
            log_loss=exact.total(log_losses),
        )


class NumberMatch(NamedTuple):
    """A number beside its label."""

    delay: int
    squared: float
    absolute: float
    label: float


class Regression:
    """Judges numbers."""

    def match(
        self,
        prediction: Label,
        probabilities: Mapping[str, float] | None,  # noqa: ARG002 (a classification's)
        label: Label,
        delay: int,
    ) -> NumberMatch:
        """What `label` says of the answer."""
        answer, known = float(prediction), float(label)
        return NumberMatch(
            rounded(delay),
            figures.squared_error(answer, known),
            figures.absolute_error(answer, known),
            known,
        )

    def tally(self, matches: Sequence[NumberMatch]) -> Tally:
        """The sums over `matches`, at least one."""
        delays, squared, absolute, labels = zip(*matches, strict=True)
        in_units = [exact.units(label) for label in labels]
        return Tally(
            matched=len(matches),
            loss=exact.total(squared),
            delays=dict(Counter(delays)),
            absolute=exact.total(absolute),
            label=sum(in_units),
            label_squared=sum(label * label for label in in_units),
        )


def judge(classes: Sequence[Label]) -> Classification | Regression:
    """The judge of a stream with `classes`, or of a regression, which has none."""
    return Classification(classes) if classes else Regression()
