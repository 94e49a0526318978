"""A pipeline's outputs, the same for a row bit for bit whatever batch it comes in.

BLAS picks its kernel, and with it the order of its additions, by the shape of what it multiplies and by its
number of threads. Padding to a multiple of 64 rows is not enough: from about 50 columns (two one-hot
categories) 64 rows and 1,024 differ in the last bit. So whatever may use BLAS sees calls of one shape only,
in one thread. Trees go row by row: they take a whole batch in one call, padded to whole vector registers.
So do networks, which see to calls of one shape themselves (`models.deep`).
Online models take the rows as they are, each of which costs them.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from models.families import row_by_row
from models.frame import Layout, Row
from models.online import learns_online
from models.pipelines import outputs
from models.preparation import MAX_CATEGORIES

PADDING = 64
CALL_CELLS = 2**17
MOST_CALL_ROWS = 5_056
"""Each call of a pipeline that may use BLAS is of so many numbers, but of no more rows than a default batch.

Large enough that a call's overhead is small a row, small enough that a single event waits some milliseconds.
With another value versions that are deployed answer differently in the last bit.
"""


class Steady:
    """A fitted pipeline that is called in shapes that do not depend on the batch."""

    def __init__(self, pipeline: Pipeline, layout: Layout, classes: int) -> None:
        self._pipeline = pipeline
        self._layout = layout
        self._classes = classes
        self._call_rows = None if row_by_row(pipeline[-1]) else _call_rows(layout)
        self._padding = 1 if learns_online(pipeline) else PADDING

    def outputs(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """As `models.pipelines.outputs`; the last row is repeated to fill the last call.

        Raises:
            ValueError: a call gave more or fewer answers than it had rows: whose they are is not known.
            Exception: whatever the pipeline raises.
        """
        if not rows:
            return np.empty((0, max(1, self._classes)))
        frame = self._layout.frame(rows)
        size = self._call_rows or -(-len(rows) // self._padding) * self._padding
        calls = [
            self._called(frame.take(np.minimum(np.arange(start, start + size), len(rows) - 1)))
            for start in range(0, len(rows), size)
        ]
        return np.concatenate(calls)[: len(rows)]

    def _called(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        found = outputs(self._pipeline, frame, self._classes)
        if len(found) != len(frame):
            raise ValueError(f"{len(found)} answers for {len(frame)} rows")
        return found


def _call_rows(layout: Layout) -> int:
    """Rows in each call where BLAS may be used: a function of the schema alone."""
    width = len(layout.numbers) + MAX_CATEGORIES * len(layout.categories)
    return min(max(1, CALL_CELLS // width // PADDING) * PADDING, MOST_CALL_ROWS)
