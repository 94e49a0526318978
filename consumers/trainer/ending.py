"""How a training ends: with a version that passed its gate, or with the reason why there is none."""

from dataclasses import dataclass

from consumers.trainer.draft import Draft


@dataclass(frozen=True)
class Unfit:
    """No version to promote.

    `rejected` says that the labelled events gave no better one; otherwise something went wrong.
    """

    reason: str
    rejected: bool


End = Draft | Unfit
