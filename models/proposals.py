"""What to try beyond the grid, by what was found so far: optuna's tree-structured Parzen estimator.

J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from events.errors import ScoreloopError
from events.settings import Family
from models.grids import Grids, Range, Ranges
from models.problem import Candidate

_FAMILY = "family"
_DIGITS = 3
"""Of a fraction that is proposed: a person has to read it."""


class Proposals:
    """Proposes candidates of those `families` that have `ranges`, one at least.

    What `grids` has of a family beside its ranges, such as a penalty's name, is chosen among. The same seed,
    and the same told in the same order, give the same proposals.

    Raises:
        ScoreloopError: optuna is not installed.
    """

    def __init__(self, families: Iterable[Family], grids: Grids, ranges: Ranges, seed: int) -> None:
        try:
            import optuna  # noqa: PLC0415 (the extra `optuna`; a second, which a search within the grid saves)
        except ImportError:
            raise ScoreloopError(
                "[training] trials: what goes beyond the grid is proposed by optuna, which is not installed; "
                "pip install 'scoreloop[optuna]', or ask for fewer"
            ) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._grids, self._ranges = grids, ranges
        self._families = [family for family in families if family in ranges]
        # What is being tried counts as bad, so that one batch does not propose one thing many times.
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        self._study = optuna.create_study(sampler=sampler)
        self._kinds: dict[str, Any] = {_FAMILY: optuna.distributions.CategoricalDistribution(self._families)}
        self._trial, self._failed = optuna.create_trial, optuna.trial.TrialState.FAIL
        self._asked: list[Any] = []

    def known(self, candidate: Candidate, error: float | None) -> None:
        """What was found of the grid's `candidate`: how its family does. None: it could not be trained."""
        if candidate.family in self._families and error is not None:
            params = {_FAMILY: candidate.family}
            self._study.add_trial(self._trial(params=params, distributions=self._kinds, value=error))

    def asked(self, count: int) -> list[Candidate]:
        """The next so many."""
        self._asked = [self._study.ask() for _ in range(count)]
        return [self._proposed(trial) for trial in self._asked]

    def told(self, errors: Sequence[float | None]) -> None:
        """What was found of those that were asked for last, in their order."""
        for trial, error in zip(self._asked, errors, strict=True):
            self._study.tell(trial, error, self._failed if error is None else None)

    def _proposed(self, trial: Any) -> Candidate:
        family: Family = trial.suggest_categorical(_FAMILY, self._families)
        listed, ranges = self._grids[family], self._ranges[family]
        chosen = {
            name: _chosen(trial, f"{family}.{name}", values)
            for name, values in listed.items()
            if name not in ranges
        }
        found = {name: _between(trial, f"{family}.{name}", span) for name, span in ranges.items()}
        return Candidate(family, chosen | found)


def _chosen(trial: Any, label: str, values: Sequence[Any]) -> Any:
    """One of `values`: by its place, since optuna takes no lists."""
    return values[trial.suggest_categorical(label, list(range(len(values))))]


def _between(trial: Any, label: str, span: Range) -> int | float:
    low, high = span
    if isinstance(low, int) and isinstance(high, int):
        return int(trial.suggest_int(label, low, high, log=True))
    return float(f"{trial.suggest_float(label, low, high, log=True):.{_DIGITS}g}")
