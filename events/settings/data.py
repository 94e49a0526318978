"""What the rows of a training have to be like."""

from typing import Annotated, Literal

from pydantic import Field

from events.durations import Duration
from events.schema import Section

Share = Annotated[float, Field(ge=0, le=1)]


class Data(Section):
    """What the rows of a training have to be like.

    Where they break a limit it is refused, and the champion stays. A limit that is not set is none.
    """

    least_rows: Annotated[int, Field(ge=1)] = 50
    """The fewest rows."""
    repeats: Literal["keep", "leave-out"] = "keep"
    """What becomes of a row whose features and label are those of an earlier one."""
    most_repeats: Share | None = None
    """The largest share of such rows."""
    most_contradictions: Share | None = None
    """The largest share of rows whose features another row has with another label."""
    most_broken: Share = 0.0
    """The largest share of a file's rows with a cell that is not of its type; such rows are left out."""
    most_missing: Share | None = None
    """The largest share of rows in which one feature is missing."""
    least_minority_share: Share | None = None
    """The smallest share of the rarest class, 0 for one that no row has."""
    most_leakage: Share | None = None
    """How much of the label one feature may tell alone: the share of the best constant's loss that it takes
    away, 1 for a feature that is the label."""
    most_age: Duration | None = None
    """How long ago the newest labelled event may be, where the rows have times."""
