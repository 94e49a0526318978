"""The rows of a training as a page: what is wrong with them, their columns, and a picture of the whole."""

from pathlib import Path

from console import data_picture, page
from console.data_facts import Look
from console.words import figure, percent
from models.dataset import Dataset
from models.dataset_columns import Column

_SHOWN = 20
"""Pairs in the table."""


def write(folder: Path, dataset: Dataset, found: Look, source: str) -> None:
    """Write data.html and data.png into `folder`."""
    picture = folder / "data.png"
    data_picture.draw(picture, dataset, found)
    survey = found.survey
    said = f"{survey.rows:,} rows of {source}; repeats {percent(survey.repeats)}, "
    said += f"contradictions {percent(survey.contradictions)}; left out: "
    said += ", ".join(f"{count:,} {why}" for why, count in survey.left_out.items()) or "none"
    flaws = [(one.severity, one.kind, one.words, one.advice) for one in found.flaws]
    columns = [_row(found, one) for one in survey.columns]
    pairs = [(pair.a, pair.b, pair.by, f"{pair.value:.3f}") for pair in found.pairs[:_SHOWN]]
    head = ("feature", "type", "missing", "different", "range, or the commonest", "tells alone", "importance")
    page.write(
        folder / "data.html",
        f"{dataset.settings.name}: the rows to learn from",
        said,
        picture,
        [
            ("What is wrong", ("", "of", "what", "what to do"), flaws),
            ("Features", head, columns),
            ("The strongest relations", ("a", "b", "by", "value"), pairs),
        ],
        "Labels over the rows, what is missing, what each feature tells, and correlations",
    )


def _row(found: Look, one: Column) -> tuple[str, ...]:
    skill = found.survey.skills.get(one.name)
    common = ", ".join(f"{value} {percent(share)}" for value, share in (one.common or {}).items())
    span = " … ".join(f"{value:.4g}" for value in (one.quantiles or ())[::2])
    return (
        one.name, one.type, percent(one.missing), f"{one.distinct:,}", common or span,
        percent(skill.alone) if skill else "-", figure(found.importance.get(one.name)),
    )  # fmt: skip
