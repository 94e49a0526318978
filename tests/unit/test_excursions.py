"""When findings are told of: no chance, worth it, once, and one of a kind and feature."""

from models.excursions import Excursions
from models.finding import Finding
from models.two_samples import Comparison

RATE = 0.01
SURE, CHANCE = 1e-9, 0.004
"""Of four tests two of which are sure, a third counts up to 0.0036."""


def finding(
    kind: str, distance: float, p: float = SURE, feature: str | None = "x", detector: str = "d"
) -> Finding:
    return Finding(kind, detector, feature, Comparison(p, distance), 0.2, "")  # type: ignore[arg-type]


def begun(excursions: Excursions, *findings: Finding) -> list[tuple[str, str | None, str]]:
    return [(one.kind, one.feature, one.detector) for one in excursions.begun(findings, RATE)]


def test_only_what_is_no_chance_and_matters() -> None:
    found = begun(
        Excursions(),
        finding("feature", 0.3),
        finding("feature", 0.2, feature="small"),
        finding("feature", 0.3, CHANCE, feature="chance"),
        finding("feature", 0.3, 1.0, feature="same"),
    )
    assert found == [("feature", "x", "d")]


def test_the_farthest_of_a_kind_and_feature() -> None:
    told = Excursions()
    quality = [finding("quality", far, detector=name) for name, far in (("a", 0.3), ("b", 0.6), ("c", 0.4))]
    other = finding("quality", 0.5, feature="y")
    assert begun(told, *quality, other) == [("quality", "x", "b"), ("quality", "y", "d")]
    assert begun(told, *quality) == []
    assert told.told == ["quality/x", "quality/y"]


def test_it_is_over_when_all_of_it_is_well_below_the_limit() -> None:
    told, high = Excursions(), finding("score", 0.3, feature=None)
    assert begun(told, high) == [("score", None, "d")]
    assert begun(told, finding("score", 0.11, feature=None)) == []
    assert begun(told, high) == [], "it went on"
    assert begun(told, finding("score", 0.1, feature=None)) == []
    assert begun(told, high) == [("score", None, "d")]
    quality = finding("quality", 0.3), finding("quality", 0.0, detector="other")
    assert len(begun(told, *quality)) == 1
    assert begun(told, finding("quality", 0.0), finding("quality", 0.15, detector="other")) == []
    assert begun(told, *quality) == [], "one of them was not"


def test_a_feature_is_not_told_of_beside_its_quality() -> None:
    told = Excursions()
    assert begun(told, finding("quality", 0.3), finding("feature", 0.5)) == [("quality", "x", "d")]
    assert begun(told, finding("quality", 0.0), finding("feature", 0.5)) == [("feature", "x", "d")]
