"""What a label says of an answer, and the sums over many.

`match` takes one answer and costs well under a microsecond; `tally` adds many up at once, exactly: the sum
over a batch is the merged sum over its parts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from events.schema import Label, label_key
from models import exact, figures
from models.delays import histogram
from models.tallies import Tally

ClassMatch = tuple[int, int, tuple[int, int], float]
"""Loss, 0 or 1; delay in milliseconds; indices of the label's and the answer's class; log loss."""
NumberMatch = tuple[float, int, float, float]
"""Loss, the squared error; delay in milliseconds; absolute error; label."""


class Classification:
    """Judges by the stream's classes, by JSON type and value.

    A class that the answer gave no probability counts as one of 0.
    """

    def __init__(self, classes: Sequence[Label]) -> None:
        self._known = {(type(label), label): (i, label_key(label)) for i, label in enumerate(classes)}

    def match(
        self, prediction: Label, probabilities: Mapping[str, float], label: Label, delay: int
    ) -> ClassMatch:
        """What `label` says of the answer.

        Raises:
            KeyError: one of them is no class.
        """
        known, key = self._known[type(label), label]
        answer, _ = self._known[type(prediction), prediction]
        log_loss = figures.log_loss(probabilities.get(key, 0.0))
        return int(known != answer), delay, (known, answer), log_loss

    def tally(self, matches: Sequence[ClassMatch]) -> Tally:
        """The sums over `matches`, at least one."""
        losses, delays, pairs, log_losses = zip(*matches, strict=True)
        return Tally(
            matched=len(matches),
            loss=sum(losses) * exact.ONE,
            delays=histogram(delays),
            confusion=dict(Counter(pairs)),
            log_loss=exact.total(log_losses),
        )


class Regression:
    """Judges numbers."""

    def match(
        self,
        prediction: Label,
        probabilities: Mapping[str, float],  # noqa: ARG002 (a classification's)
        label: Label,
        delay: int,
    ) -> NumberMatch:
        """What `label` says of the answer.

        Raises:
            ValueError: one of them is no number.
        """
        answer, known = float(prediction), float(label)
        squared, absolute = figures.squared_error(answer, known), figures.absolute_error(answer, known)
        return squared, delay, absolute, known

    def tally(self, matches: Sequence[NumberMatch]) -> Tally:
        """The sums over `matches`, at least one."""
        squared, delays, absolute, labels = zip(*matches, strict=True)
        return Tally(
            matched=len(matches),
            loss=exact.total(squared),
            delays=histogram(delays),
            absolute=exact.total(absolute),
            label=exact.total(labels),
            label_squared=exact.total_of_squares(labels),
        )


def judge(classes: Sequence[Label]) -> Classification | Regression:
    """The judge of a stream with `classes`, or of a regression, which has none."""
    return Classification(classes) if classes else Regression()
