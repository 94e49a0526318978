"""What a stream's `stream.toml` may say of how features are prepared for a model."""

from typing import Annotated, Literal

from pydantic import Field

from events.schema import FeatureName, Features, Section

Cycle = Literal["day", "week", "year"]


class Preparation(Section):
    """What is made of the features before a model sees them; all of it is part of the version."""

    missing: Literal["median", "mean", "constant"] | None = None
    """What stands for a missing number; default the median, and nothing for boosting, which takes it."""
    constant: float = 0.0
    """That number, with `missing = "constant"`."""
    scaling: Literal["standard", "min-max", "none"] | None = None
    """Of numbers; default standard for the families that need it, none for trees."""
    categories: Literal["one-hot", "ordinal"] = "one-hot"
    """How a category becomes numbers; a missing one is a category of its own."""
    interactions: tuple[FeatureName, ...] = ()
    """Numbers whose products, two by two, are features too."""
    cycles: dict[FeatureName, Annotated[tuple[Cycle, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Numbers that are times, in milliseconds since the epoch. In their place come cosine and sine of the
    day (its hour), the week (its day) or the year (its month), in UTC."""
    selection: Literal["variance", "k-best", "model"] | None = None
    """Which of the columns so made are kept: those that vary, the `keep` best by the F test, or those that
    matter more than the mean in a small forest."""
    keep: Annotated[int, Field(ge=1)] = 10
    """Columns, with `selection = "k-best"`."""


PLAIN = Preparation()


def check(preparation: Preparation, features: Features) -> None:
    """Whether `preparation` speaks of the stream's numbers.

    Raises:
        ValueError: it does not; the sentence says where.
    """
    products, cycles = preparation.interactions, preparation.cycles
    for key, names in (("interactions", products), ("cycles", cycles)):
        for name in names:
            feature = features.get(name)
            if feature is None or feature.type == "category" or feature.shape:
                raise ValueError(f"[preparation] {key}: {name!r} is no number, integer or boolean feature")
    if len(products) == 1 or len(set(products)) < len(products):
        raise ValueError("[preparation] interactions: name two features or more, each once")
    if both := set(products) & set(cycles):
        raise ValueError(f"[preparation]: {min(both)!r} is in `interactions` and in `cycles`; choose one")
