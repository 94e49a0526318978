"""An online champion that learns on, and the gate that it has to pass against what it was."""

import json
from typing import Any

import numpy as np
import pytest
from sample_rows import NUMBERS, REGRESSION, labels, rows
from samples import settings

from events.records import Manifest
from events.settings import Family, Settings
from models.continuing import continued, learned_on
from models.labelled import Labelled
from models.problem import Candidate, Problem, problem
from models.reference import reference
from models.retraining_parts import NotBetterError
from models.training import Trained

LEARNED = 300


def known(family: str = "online-linear", **params: Any) -> Manifest:
    return Manifest(
        version=3, created_ts=0, artifact_sha256="0" * 64, format="skops", estimator=f"{family}: made",
        schema_sha256="0" * 64, trained_on={}, params={"family": family, "params": params}, metrics={},
        parent_version=None, decision_id="d", environment={},
    )  # fmt: skip


def world(stream: Settings, count: int, *, turned: bool) -> Labelled:
    """Events that the champion did not see, of its world or of one turned over."""
    given = rows(stream, LEARNED + count)
    truth: list[Any] = labels(stream, given)
    if turned:
        other = {one: stream.classes[-1 - i] for i, one in enumerate(stream.classes)}
        truth = [other[one] if stream.classes else -one for one in truth]
    return Labelled(given[LEARNED:], truth[LEARNED:], list(range(count)))


def of(stream: Settings, labelled: Labelled) -> Problem:
    return problem(stream, labelled.rows, labelled.labels)


def champion(stream: Settings, family: Family = "online-linear", **params: Any) -> Any:
    given = rows(stream, LEARNED)
    return problem(stream, given, labels(stream, given)).fitted(Candidate(family, params), slice(None))


def learned(stream: Settings, labelled: Labelled, told: list[str] | None = None) -> Trained:
    made = known(learning_rate=0.1)
    return continued(stream, labelled, made, champion(stream, learning_rate=0.1), (told or []).append)


@pytest.mark.parametrize("stream", [NUMBERS, REGRESSION])
def test_after_a_change_it_goes_on_from_where_it_left_off(stream: Settings) -> None:
    since = world(stream, 400, turned=True)
    found = learned(stream, since)
    gate = found.metrics["gate"]
    assert (gate["champion"], gate["rows"], found.metrics["rows"]) == (3, 100, 100)
    assert found.metrics["error"] < gate["champion_error"]
    assert (found.params["family"], found.params["continues"]) == ("online-linear", 3)
    assert json.loads(json.dumps([found.params, found.metrics])) == [found.params, found.metrics]
    given = of(stream, since)
    straight = learned_on(given, champion(stream, learning_rate=0.1), slice(None))
    np.testing.assert_array_equal(
        given.answers(found.pipeline, slice(None)), given.answers(straight, slice(None)),
        "each event once, in order, the gate part last",
    )  # fmt: skip
    judged = learned_on(given, champion(stream, learning_rate=0.1), slice(300))
    part = slice(300, None)
    losses = given.losses(given.answers(judged, part), part)
    assert found.metrics["loss_sum"] == losses[0], "measured before it saw the gate part"
    assert found.reference == reference(stream, since.rows).stated()


def test_a_champion_that_is_as_good_without_stays() -> None:
    stream = settings(features={"x": "number"}, labels={"classes": [0, 1]})
    given = [(float(i % 2),) for i in range(400)]
    labelled = Labelled(given, [i % 2 for i in range(400)], list(range(400)))
    made = of(stream, labelled).fitted(Candidate("online-linear", {}), slice(None))
    with pytest.raises(NotBetterError, match="error of 0 is not below the champion's 0 on the newest 100"):
        continued(stream, labelled, known(), made, lambda _: None)


@pytest.mark.parametrize(
    ("family", "count", "sentence"),
    [
        ("forest", 400, "version 3 does not learn online: it is forest: made"),
        ("online-linear", 120, "too few labelled events: 120, needs 200.*; version 3 stays champion"),
    ],
)
def test_what_cannot_go_on_says_so(family: str, count: int, sentence: str) -> None:
    with pytest.raises(NotBetterError, match=sentence):
        continued(
            NUMBERS, world(NUMBERS, count, turned=True), known(family), champion(NUMBERS), lambda _: None
        )


def test_numbers_that_overflow_leave_the_champion_where_it_is() -> None:
    since = world(REGRESSION, 400, turned=True)
    since.rows[100] = (1e300, *since.rows[100][1:])
    with pytest.raises(NotBetterError, match=r"fails (when it learns|on the newest)"):
        learned(REGRESSION, since)
