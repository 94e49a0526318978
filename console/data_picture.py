"""The rows of a training as a picture: labels over rows, what is missing, what tells, and correlations."""

from pathlib import Path
from typing import Any

import numpy as np

from console.data_facts import Look
from events.schema import label_key
from models.dataset import Dataset
from models.dataset_relations import correlations

_SPANS = 40
_MOST = 20
"""Features in a panel."""


def draw(path: Path, dataset: Dataset, found: Look) -> None:
    """Write a PNG of four panels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8.4), layout="constrained")
    (labels, missing), (telling, related) = figure.subplots(2, 2)
    _labels(labels, dataset)
    absent = {one.name: one.missing for one in found.survey.columns if one.missing}
    _bars(missing, "missing, share of the rows", {"": absent})
    told = {name: skill.alone or 0.0 for name, skill in found.survey.skills.items()}
    most = max(found.importance.values(), default=0.0)
    shares = {name: max(0.0, value / most) for name, value in found.importance.items()} if most > 0 else {}
    _bars(telling, "what a feature tells", {"alone": told, "importance, of the largest": shares})
    _correlations(figure, related, dataset)
    figure.savefig(path, dpi=110)


def _labels(axes: Any, dataset: Dataset) -> None:
    """The classes' shares, or the mean label, in spans of rows: the oldest left."""
    parts = [part for part in np.array_split(np.arange(len(dataset.rows)), _SPANS) if len(part)]
    places = [part.mean() for part in parts]
    if dataset.settings.classes:
        lines = [
            [float(np.mean(dataset.targets[part] == index)) for part in parts]
            for index in range(len(dataset.settings.classes))
        ]
        names = [label_key(label) for label in dataset.settings.classes]
        axes.stackplot(places, lines, labels=names, alpha=0.8)
        axes.legend(loc="upper left", fontsize=8)
        axes.set(title="labels", xlabel="row, the oldest first", ylabel="share")
    else:
        axes.plot(places, [float(dataset.targets[part].mean()) for part in parts])
        axes.set(title="labels", xlabel="row, the oldest first", ylabel="mean")


def _bars(axes: Any, title: str, groups: dict[str, dict[str, float]]) -> None:
    first = next(iter(groups.values()))
    names = sorted(first, key=lambda name: -max(values.get(name, 0.0) for values in groups.values()))[:_MOST]
    places = np.arange(len(names))[::-1]
    height = 0.8 / len(groups)
    for number, (label, values) in enumerate(groups.items()):
        widths = [values.get(name, 0.0) for name in names]
        axes.barh(places - number * height, widths, height, label=label or None)
    axes.set_yticks(places - height * (len(groups) - 1) / 2, names, fontsize=8)
    axes.set(title=title if names else f"{title}: none", xlim=(0, 1))
    if len(groups) > 1:
        axes.legend(loc="lower right", fontsize=8)


def _correlations(figure: Any, axes: Any, dataset: Dataset) -> None:
    table = correlations(dataset).iloc[:_MOST, :_MOST]
    axes.set(title="rank correlations of numbers")
    image = axes.imshow(table.to_numpy(), vmin=-1, vmax=1, cmap="RdBu_r", aspect="auto")
    axes.set_xticks(range(len(table)), table.columns, rotation=60, ha="right", fontsize=7)
    axes.set_yticks(range(len(table)), table.columns, fontsize=7)
    figure.colorbar(image, ax=axes)
