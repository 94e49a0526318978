import math
import random
from typing import Any

import numpy as np
import pytest
import skops.io
from samples import settings

from consumers.environment import environment, moved
from events.errors import ScoreloopError
from events.schema import Label
from events.settings import OF_ARRAYS, Family, Settings
from models import artifact, deep
from models.families import bare
from models.frame import Row, frame
from models.pipelines import outputs
from models.problem import Candidate, Problem, problem
from models.scoring import Answer, Version
from models.training import train
from verify.artifacts import TRUSTED

FEATURES = {
    "size": {"type": "number", "nullable": True},
    "wave": {"type": "number", "shape": [12], "nullable": True},
    "shop": {"type": "category", "nullable": True},
}
WAVES = settings(features=FEATURES, labels={"classes": ["flat", "rising", "falling"]})
SLOPES = settings(task="regression", features=FEATURES, labels={"horizon": "1h"})
QUICK: dict[str, Any] = {"units": 8, "epochs": 60}


def waves(stream: Settings, count: int = 240) -> tuple[list[Row], list[Label]]:
    """Noisy arrays with a slope, which is what is to be learned: a class of it, or the number."""
    chance = random.Random(1)
    rows: list[Row] = []
    truth: list[Label] = []
    for i in range(count):
        slope = (i % 3 + (i % 3 == 2) * -3) * 0.3
        wave = [slope * k + chance.gauss(0, 0.3) for k in range(12)]
        rows.append((None if i % 5 == 0 else chance.gauss(0, 1), wave, chance.choice([None, "a", "b"])))
        truth.append(stream.classes[i % 3] if stream.classes else slope)
    return rows, truth


def given(stream: Settings) -> Problem:
    return problem(stream, *waves(stream))


@pytest.mark.parametrize("stream", [WAVES, SLOPES], ids=["classification", "regression"])
@pytest.mark.parametrize("family", sorted(OF_ARRAYS))
def test_a_network_learns_is_loaded_and_serves_each_row_as_in_any_batch(
    family: Family, stream: Settings
) -> None:
    learning = given(stream)
    made = learning.fitted(Candidate(family, QUICK), slice(None, 180))
    error = learning.losses(learning.answers(made, slice(180, None)), slice(180, None))[0] / 60
    assert error < (0.15 if stream.classes else 0.5 * float(np.var(learning.targets[180:])))
    data = artifact.dumps(made)
    assert set(skops.io.get_untrusted_types(data=data)) <= set(TRUSTED), "the auditor takes it, too"
    loaded = artifact.loads(data)
    seen = frame(stream.features, waves(stream)[0][:40])
    np.testing.assert_array_equal(
        outputs(loaded, seen, len(stream.classes)), outputs(made, seen, len(stream.classes))
    )
    scorer = Version(1, loaded, stream.features, stream.task, stream.classes)
    rows = [*waves(stream)[0][:30], (None, None, "never seen")]
    whole = scorer.scored(rows)
    assert all(isinstance(answer, Answer) for answer in whole)
    assert scorer.scored(rows[7:14]) == whole[7:14]
    assert [scorer.scored([row])[0] for row in rows[-2:]] == whole[-2:]


def test_the_same_rows_and_seed_give_the_same_weights() -> None:
    learning = given(WAVES)
    first, second = (learning.fitted(Candidate("recurrent", QUICK), slice(None))[-1] for _ in range(2))
    for one, other in zip(first.weights_, second.weights_, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_is_found_by_a_search_as_any_family_is() -> None:
    training = WAVES.training.model_copy(update={"families": ("convolutional",), "folds": 2})
    stream = WAVES.model_copy(update={"training": training})
    found = train(stream, *waves(stream), grids={"convolutional": {"units": [8], "epochs": [60]}})
    assert found.estimator == "convolutional: NetworkClassifier"
    assert found.metrics["error"] < 0.15


def test_the_array_is_read_where_it_lies() -> None:
    made = given(WAVES).fitted(Candidate("recurrent", {"units": 2, "epochs": 1}), slice(None))
    assert made[-1].spans == [(1, 12)]


def test_a_network_without_an_array_or_with_columns_left_out_is_a_settings_error() -> None:
    with pytest.raises(ValueError, match="'recurrent' reads array features, and there is none"):
        settings(features={"x": "number"}, training={"families": ["linear", "recurrent"]})
    with pytest.raises(ValueError, match="'recurrent' needs whole arrays"):
        settings(training={"families": ["recurrent"]}, preparation={"selection": "variance"})


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep, "find_spec", lambda _: None)
    with pytest.raises(ScoreloopError, match=r"pip install scoreloop\[deep\]"):
        given(WAVES).fitted(Candidate("recurrent", QUICK), slice(None))


def test_a_manifest_names_what_computed_it() -> None:
    made = given(SLOPES).fitted(Candidate("recurrent", {"units": 2, "epochs": 1}), slice(None))
    stated = environment(bare(made[-1]))
    assert {"keras", "jax", "jaxlib"} <= stated.keys()
    assert not {"keras", "jax"} & environment().keys(), "others' answers do not depend on them"
    assert moved(stated) == {}
    assert moved({**stated, "jax": "0.1", "gone": "1"}) == {
        "jax": ("0.1", stated["jax"]), "gone": ("1", None),
    }  # fmt: skip


def test_what_an_artefact_holds_of_a_network_is_arrays_and_numbers() -> None:
    made = given(WAVES).fitted(Candidate("recurrent", {"units": 2, "epochs": 1}), slice(None))
    state = made[-1].__getstate__()
    assert all(isinstance(weight, np.ndarray) for weight in state.pop("weights_"))
    assert "_answer" not in state
    assert math.isclose(state["n_features_in_"], made[-1].n_features_in_)
