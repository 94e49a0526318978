"""A backtest: every policy on the same events, and the baselines beside them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property

from backtest import baselines
from backtest.baselines import Ground, Refit, refitted
from backtest.loop import Loop
from backtest.past import Past
from backtest.policies import STREAM
from backtest.told import Told
from consumers.trainer.draft import DRAFT
from consumers.trainer.registration import registered
from events.records import Decision
from events.settings import Registry, Settings, Training
from models import training
from models.training import Trained

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows how a policy gets on with so many events."""


@dataclass(frozen=True)
class Question:
    """What is asked: how each of `policies` would have done in the `past`."""

    policies: Mapping[str, Settings]
    """By name; they differ in [decisions] and [training] alone, and one is the stream's own."""
    past: Past
    seed: int = 0
    """What chance depends on."""
    training_time: int = 0
    """Event time, in milliseconds, that a training takes."""
    with_baselines: bool = False
    drifts: Sequence[int] = ()
    """The rows of drifts that are known; for the oracle."""


class Backtest:
    """The answers to `question`, one policy after the other; artefacts go into the registry at `url`."""

    def __init__(self, question: Question, url: str, say: Callable[[str], None]) -> None:
        self._question, self._url, self._say = question, url, say
        self._stream = question.policies[STREAM]
        self._examples, self.history = question.past.examples, question.past.history
        self._firsts: dict[Training, Trained] = {}

    def told(self, progress: Progress) -> Iterator[Told]:
        """What came of each policy, then of each baseline."""
        retrains = 0
        for name, settings in self._question.policies.items():
            loop = Loop(
                name, self._own(settings), self.history, {0: [self._first_promoted(settings)]},
                self._question.training_time,
            )  # fmt: skip
            with progress(name, len(self.history)) as tell:
                for done in loop.run():
                    tell(done)
            retrains = len(loop.told.trainings) if name == STREAM else retrains
            yield loop.told
        if self._question.with_baselines:
            yield from self._baselines(retrains, progress)
        elif self._question.drifts:
            yield self._refitted("oracle", baselines.oracle(self.history, self._question.drifts))

    def _baselines(self, retrains: int, progress: Progress) -> Iterator[Told]:
        yield self._refitted("never", ())
        for period in baselines.PERIODS:
            yield self._refitted(f"periodic-{period}", baselines.periodic(self.history, period))
        seed = self._question.seed
        yield self._refitted("random", baselines.random(self.history, retrains, seed))
        if self._question.drifts:
            yield self._refitted("oracle", baselines.oracle(self.history, self._question.drifts))
        from backtest.forest import adaptive_forest  # noqa: PLC0415 (a second, which few backtests need wait)

        with progress("adaptive-forest", len(self.history)) as tell:
            yield adaptive_forest(self._ground, tell)
        yield baselines.no_change(self._ground)

    def _refitted(self, name: str, refits: Iterable[Refit]) -> Told:
        self._say(name)
        return refitted(name, self._ground, list(refits), self._question.training_time)

    @cached_property
    def _ground(self) -> Ground:
        return Ground(self._stream, self.history, self._first(self._stream), self._examples)

    def _first(self, settings: Settings) -> Trained:
        """The version that a policy begins with; those that train alike begin alike."""
        if settings.training not in self._firsts:
            self._say(f"training the first version on {len(self._examples.rows):,} rows")
            found = training.train(settings, self._examples.rows, self._examples.labels)
            self._firsts[settings.training] = found
        return self._firsts[settings.training]

    def _own(self, settings: Settings) -> Settings:
        """With a registry of its own; whatever an operator would have to approve of is approved at once."""
        decisions = settings.decisions.model_copy(update={"approval": "automatic"})
        return settings.model_copy(update={"registry": Registry(url=self._url), "decisions": decisions})

    def _first_promoted(self, settings: Settings) -> Decision:
        """As `train` asks for it."""
        trained_on = {"file": self._question.past.name, "used": len(self._examples.rows)}
        draft = registered(self._own(settings), self._first(settings), trained_on)
        return Decision(
            decision_id="train",
            ts=self.history.time(0),
            action="promote",
            model_version=None,
            target_version=None,
            requested_by="operator",
            reason=f"trained on {len(self._examples.rows)} rows of {self._question.past.name}",
            alarm_id=None,
            evidence={DRAFT: draft.model_dump()},
        )
