"""When the loop acts: alarms, retrains, trials, promotions and rollbacks."""

from typing import Annotated, Literal

from pydantic import Field

from events.schema import Section

DetectorName = Literal[
    "e-sr", "lifetime", "adwin", "page-hinkley", "kswin", "ddm", "eddm", "hddm-a", "hddm-w"
]


class RetrainBudget(Section):
    """How many retrains the loop may ask for because of alarms."""

    every: Annotated[int, Field(ge=0)] = 4_500
    """Events that were served, for each of which there is one more; 0 for no limit. After an alarm an
    event counts the more, the more the error has risen: √(error / what was expected at most) times."""
    burst: Annotated[int, Field(ge=1)] = 2
    """How many may be saved up, and how many there are at first: a first one, and a better one soon."""


class Decisions(Section):
    """When the loop acts."""

    detector: DetectorName = "e-sr"
    """What rings when the error rises; `e-sr` and `lifetime` alone promise anything about false alarms."""
    false_alarm_every: Annotated[int, Field(ge=10)] = 10_000
    """Labelled events between two false alarms, on average: of `e-sr`."""
    false_alarm_risk: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """How probable a false alarm may be in a version's whole life: of `lifetime`."""
    autocorrelated: bool = False
    """Whether losses hang together in time, so that these two would promise too much: their evidence is then
    weighed by how much more cohorts of losses vary than if each was drawn by itself."""
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """How much worse than at its gate a version's error may be before that counts as a change."""
    retrain_from: Annotated[int, Field(ge=1)] = 250
    """Labels since the change at which a retrain is asked for again; then at so many more, or at a third
    more. A version that was promoted for halving the error is followed by one more, at 1,000."""
    challenge_from: Annotated[int, Field(ge=0)] = 2_000
    """Labels without a retrain at which a challenger is trained though no alarm has rung, then at twice as
    many, up to eight times; 0 for never. It is promoted where it is better, which is wrong with probability
    `alpha` at most, over all challengers of a champion together."""
    probation: Annotated[int, Field(ge=0)] = 500
    """Labels after a promotion during which the version before answers along, and may come back."""
    cooldown: Annotated[int, Field(ge=0)] = 250
    """Labels after a change of champion before the loop asks for another, but for a rollback on probation and
    for a retrain that follows a promotion by the same alarm, on more labels since the change."""
    retrain_budget: RetrainBudget = RetrainBudget()
    """How often alarms may ask for a retrain; what is over it is asked for later."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """How probable a wrong verdict on two versions may be: a rollback from one that is no worse; over all
    challengers of a champion together, the promotion of one that is worse by more than `margin`."""
    strategy: Literal["blue-green", "canary", "shadow", "auto"] = "blue-green"
    """What a challenger that passed its gate begins with: all traffic, a share of it, or none. The latter two
    take the champion's place when labels have shown them no worse. `auto` picks the one with the most traffic
    that keeps within `errors_at_risk`, and says why."""
    errors_at_risk: Annotated[float, Field(ge=0)] = 100
    """How many errors more than the champion a challenger may make before labels can tell that it is as bad
    as its gate leaves room for: of `auto`. The dearer an error, the fewer."""
    approval: Literal["automatic", "manual"] = "automatic"
    """`manual`: a promotion that the loop comes to waits for an operator's `approve` or `reject`. A rollback
    never waits, nor does taking out a challenger that is worse, nor what an operator asks for."""
    canary_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The share of events that a canary serves."""
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.02
    """By how much a challenger's error may exceed the champion's and count as no worse."""
    trial: Annotated[int, Field(ge=1)] = 10_000
    """Labelled events that both answered, after which a trial without a verdict is inconclusive."""
    least_apart: Annotated[int, Field(ge=0)] = 20
    """Labelled events on which the two differed, before a challenger may be promoted."""

    def share(self, strategy: Literal["blue-green", "canary", "shadow"]) -> float | None:
        """Of the traffic, that a challenger on trial serves; None where it is not put on trial."""
        return {"blue-green": None, "canary": self.canary_share, "shadow": 0.0}[strategy]
