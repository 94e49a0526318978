"""What is warned of before labels can tell."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from events.schema import Section

WarningKind = Literal["feature", "quality", "coverage", "score"]


class Watch(Section):
    """What is warned of without labels (inputs, scores, coverage not as they were), or on those so far."""

    enabled: bool = True
    false_discovery: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """The share of stretches of a stream in which nothing moves that may have a false warning."""
    least_effect: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The distance (Jensen's and Shannon's, in bits) up to which a distribution has not moved: for normal
    numbers a quarter of a standard deviation, for a share of 10 % a rise to 18 %."""
    least_rows: Annotated[int, Field(ge=20)] = 200
    """Events in a stretch that is looked at; windows with fewer are looked at together."""
    early: bool = False
    """Whether the labels that have come so far may warn of the error before the others have: on `drift` as an
    `error` with the detector `running-error`, and without any guarantee."""
    retrain: Annotated[
        tuple[WarningKind, ...],
        BeforeValidator(
            lambda given: () if given is False else given,
            json_schema_input_type=Literal[False] | tuple[WarningKind, ...],
        ),
    ] = ()
    """false, or the kinds of warnings that ask for a retrain, one an excursion. It learns from labels that
    have come already, few of them since what is warned of, and meets the same gate."""
