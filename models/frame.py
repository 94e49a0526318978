"""Rows of feature values as the data frame that every pipeline takes."""

import math
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import pandas as pd

from events.errors import ScoreloopError
from events.schema import Features

Value = float | int | bool | str | Sequence[float] | None
"""One feature of one event; None is missing, and an array feature is a list of numbers."""
Row = Sequence[Value]
"""One event: a value for each feature, in the schema's order."""


class Layout:
    """Which columns a schema's features become.

    `numbers` are float64 with NaN for missing: numbers, integers, booleans, and `name[0]`, `name[1]`, … for
    an array. `categories` are object columns of strings and None. A frame has the numbers first, then the
    categories, each in the schema's order.

    Raises:
        ScoreloopError: an array's column has the name of another feature.
    """

    def __init__(self, features: Features) -> None:
        lengths = [feature.shape[0] if feature.shape else None for feature in features.values()]
        flat = [
            (column, feature.type == "category")
            for (name, feature), length in zip(features.items(), lengths, strict=True)
            for column in ([name] if length is None else [f"{name}[{i}]" for i in range(length)])
        ]
        self.numbers = [column for column, category in flat if not category]
        self.categories = [column for column, category in flat if category]
        self._lengths = lengths if any(lengths) else None
        self._number_at = [i for i, (_, category) in enumerate(flat) if not category]
        self._category_at = [i for i, (_, category) in enumerate(flat) if category]
        self._number_columns = pd.Index(self.numbers, dtype=object)
        self._category_columns = pd.Index(self.categories, dtype=object)
        if len({column for column, _ in flat}) < len(flat):
            raise ScoreloopError(
                "[features]: an array's column, such as `name[0]`, is another feature's name"
            )

    def frame(self, rows: Sequence[Row]) -> pd.DataFrame:
        """`rows` as a frame of `len(rows)` rows and a fresh index.

        Each kind of column lies in one C-ordered array whatever the number of rows: the last bit of an answer
        depends on how the numbers lie in memory.

        Raises:
            ValueError, TypeError, OverflowError: a row that the codec would have refused.
        """
        flat = rows if self._lengths is None else [list(_flat(row, self._lengths)) for row in rows]
        if not self.categories:
            numbers = np.array(flat, dtype=np.float64).reshape(len(rows), len(self.numbers))
            return pd.DataFrame(numbers, columns=self._number_columns, copy=False)
        cells = np.array(flat, dtype=object).reshape(len(rows), len(self.numbers) + len(self.categories))
        categories = np.ascontiguousarray(cells[:, self._category_at])
        words = pd.DataFrame(categories, columns=self._category_columns, dtype=object, copy=False)
        if not self.numbers:
            return words
        numbers = np.ascontiguousarray(cells[:, self._number_at], dtype=np.float64)
        return pd.concat([pd.DataFrame(numbers, columns=self._number_columns, copy=False), words], axis=1)


def frame(features: Features, rows: Sequence[Row]) -> pd.DataFrame:
    """`rows` as a frame; whoever makes many keeps the `Layout`."""
    return Layout(features).frame(rows)


def _flat(row: Row, lengths: Sequence[int | None]) -> Iterator[Value]:
    """The row's values with its arrays in line; a missing array is as many missing numbers."""
    for value, length in zip(row, lengths, strict=True):
        if length is None:
            yield value
        elif value is None:
            yield from [math.nan] * length
        else:
            yield from cast("Sequence[float]", value)
