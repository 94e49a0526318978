"""What a label says of an answer, and the sums over many.

`match` takes one answer and costs well under a microsecond; `tally` adds many up at once, exactly: the sum
over a batch is the merged sum over its parts.
"""

from collections import Counter
from collections.abc import Sequence

from events.prediction_codec import Answered
from events.schema import Label, label_key
from models import exact, figures
from models.delays import histogram
from models.losses import steps
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
        self._index = {(type(label), label): i for i, label in enumerate(classes)}
        self._keys = [label_key(label) for label in classes]

    def match(self, answer: Answered, label: Label, label_ts: int) -> ClassMatch:
        """What `label`, known at `label_ts`, says of the answer.

        Raises:
            KeyError: one of them is no class.
        """
        prediction, probabilities = answer.prediction, answer.probabilities
        known = self._index[type(label), label]
        answered = self._index[type(prediction), prediction]
        given = probabilities.get(self._keys[known], 0.0) if probabilities else 0.0
        loss = 0 if known == answered else 1
        return loss, label_ts - answer.ts, (known, answered), figures.log_loss(given)

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

    def match(self, answer: Answered, label: Label, label_ts: int) -> NumberMatch:
        """What `label`, known at `label_ts`, says of the answer.

        Raises:
            ValueError: one of them is no number.
        """
        number, known = float(answer.prediction), float(label)
        squared, absolute = figures.squared_error(number, known), figures.absolute_error(number, known)
        return squared, label_ts - answer.ts, absolute, known

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
            losses=steps(squared),
        )


def judge(classes: Sequence[Label]) -> Classification | Regression:
    """The judge of a stream with `classes`, or of a regression, which has none."""
    return Classification(classes) if classes else Regression()
