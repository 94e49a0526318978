"""River's models as versions: what is read back answers and learns on as what was written, bit for bit."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import skops.io
from numpy.typing import NDArray
from sample_models import PAIRS
from sample_rows import NUMBERS, labels, rows
from sklearn.pipeline import Pipeline

from events.settings import ONLINE, Family, Settings
from models import artifact, online, river_graph
from models.artifact import ArtifactError
from models.continuing import learned_on
from models.online import OnlineClassifier
from models.problem import Candidate, Problem, problem

Node = tuple[str, Any]
ROOT = Path(__file__).parents[2]
ADWIN = "river._river_rust.drift.AdaptiveWindowing"
ONES = [pair for pair in PAIRS if pair[0] in ONLINE]
HALF, ALL = slice(150), slice(150, 300)


def changing(stream: Settings) -> Problem:
    """What the rows mean turns over in the middle."""
    given = rows(stream, 300)
    truth = labels(stream, given)
    turned = [stream.classes[-1 - stream.classes.index(one)] if stream.classes else -one for one in truth]  # type: ignore[operator]
    return problem(stream, given, [*truth[:150], *turned[150:]])


def same(one: Pipeline, other: Pipeline, given: Problem) -> None:
    np.testing.assert_array_equal(given.answers(one, slice(None)), given.answers(other, slice(None)))


@pytest.mark.parametrize(("family", "stream"), ONES)
def test_what_is_read_back_learns_on_as_if_nothing_had_been(family: Family, stream: Settings) -> None:
    given = changing(stream)
    first = given.fitted(Candidate(family, {}), HALF)
    data = artifact.dumps(first)
    through = learned_on(given, artifact.loads(data), ALL)
    straight = learned_on(given, first, ALL)
    same(artifact.loads(data), first, given)
    same(through, straight, given)
    assert river_graph.said(through[-1].model_) == river_graph.said(straight[-1].model_)
    assert np.any(given.answers(first, slice(None)) != given.answers(straight, slice(None))), "it did learn"


@pytest.mark.parametrize("family", ONLINE)
def test_the_same_rows_give_the_same_model_and_answering_changes_none_of_it(family: Family) -> None:
    given = changing(NUMBERS)
    first, again = (given.fitted(Candidate(family, {}), HALF)[-1].model_ for _ in range(2))
    before = river_graph.said(first)
    assert before == river_graph.said(again)
    estimator = OnlineClassifier(family)
    estimator.model_, estimator.classes_ = first, np.arange(3)
    estimator.predict_proba(np.random.default_rng(1).normal(size=(200, 3)))
    assert river_graph.said(first) == before


SCORED = """
import hashlib, sys
from pathlib import Path
import numpy as np
from models import artifact
pipeline = artifact.loads(Path(sys.argv[1]).read_bytes())
import pandas as pd
rows = pd.DataFrame(np.random.default_rng(1).normal(size=(200, 3)), columns=["x", "y", "z"])
print(hashlib.sha256(pipeline.predict_proba(rows).tobytes()).hexdigest())
"""


def test_another_process_gives_the_same_answers(tmp_path: Path) -> None:
    given = changing(NUMBERS)
    path = tmp_path / "artefact"
    pipeline = given.fitted(Candidate("adaptive-forest", {}), HALF)
    path.write_bytes(artifact.dumps(pipeline))
    frame = given.frame.iloc[:200].copy()
    frame.loc[:, :] = np.random.default_rng(1).normal(size=(200, 3))
    known = hashlib.sha256(pipeline.predict_proba(frame).tobytes()).hexdigest()
    ran = subprocess.run(
        [sys.executable, "-c", SCORED, str(path)], env={"PYTHONHASHSEED": "77"}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == known


def test_a_class_that_comes_later_is_known_from_then_on() -> None:
    x: NDArray[np.float64] = np.random.default_rng(3).normal(size=(300, 2))
    for family in ONLINE:
        made = OnlineClassifier(family).fit(x[:100], np.zeros(100, dtype=np.int64))
        assert made.predict_proba(x[:5]).tolist() == [[1.0]] * 5
        made.partial_fit(x[100:], np.where(x[100:, 0] > 0, 2, 0))
        assert made.classes_.tolist() == [0, 2]
        assert made.predict_proba(np.array([[3.0, 0.0]]))[0, 1] > 0, family


def test_where_a_model_knows_nothing_every_class_is_as_probable() -> None:
    made = OnlineClassifier("hoeffding-tree").fit(np.zeros((0, 1)), np.zeros(0, dtype=np.int64))
    made.classes_ = np.arange(4)
    assert made.predict_proba(np.zeros((1, 1))).tolist() == [[0.25] * 4]


def forged(change: Callable[[list[Node]], None], family: Family = "adaptive-forest") -> bytes:
    """An artefact whose nodes were changed by hand."""
    pipeline = changing(NUMBERS).fitted(Candidate(family, {}), slice(60))
    held = pipeline[-1].model_

    class Forged:
        pass

    real = river_graph.said

    def said(model: object) -> bytes:
        nodes = msgspec.msgpack.decode(real(held if isinstance(model, Forged) else model), type=list[Node])
        change(nodes)
        return msgspec.msgpack.encode(nodes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(river_graph, "said", said)
        pipeline[-1].model_ = Forged()
        return skops.io.dumps(pipeline)  # type: ignore[no-any-return]


def renamed(kind: str) -> Callable[[list[Node]], None]:
    def change(nodes: list[Node]) -> None:
        nodes[1] = (kind, [["a", 1]])

    return change


def broken_window(nodes: list[Node]) -> None:
    at = next(i for i, (kind, _) in enumerate(nodes) if kind == ADWIN)
    nodes[at] = (nodes[at][0], [nodes[at][1][0], b"\x01" * 40])


def strange_default(nodes: list[Node]) -> None:
    at = next(i for i, (kind, _) in enumerate(nodes) if kind == "collections.defaultdict")
    nodes[at] = (nodes[at][0], ["eval", nodes[at][1][1]])


def no_such_place(nodes: list[Node]) -> None:
    nodes[0] = (nodes[0][0], [["model", [10**6]]])


@pytest.mark.parametrize(
    "change",
    [
        renamed("os.system"), renamed("subprocess.Popen"), renamed("antigravity.x"), renamed("builtins.eval"),
        renamed("river.compose.pipeline.Pipeline"), broken_window, strange_default, no_such_place,
        list.clear,
    ],
)  # fmt: skip
def test_a_forged_model_is_refused(
    change: Callable[[list[Node]], None], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ArtifactError):
        artifact.loads(forged(change))
    assert "antigravity" not in sys.modules
    capfd.readouterr()  # where Rust says what it met


def test_an_untouched_one_would_have_been_taken() -> None:
    artifact.loads(forged(lambda _: None))


def test_a_model_of_another_release_of_river_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = changing(NUMBERS).fitted(Candidate("hoeffding-tree", {}), slice(60))
    monkeypatch.setattr(online, "_RELEASE", "0.0.1")
    data = artifact.dumps(pipeline)
    monkeypatch.undo()
    with pytest.raises(ArtifactError, match="other versions of the packages"):
        artifact.loads(data)


def test_what_is_none_of_the_known_kinds_is_not_written() -> None:
    with pytest.raises(ValueError, match=r"holds 'pathlib.*Path' cannot be kept"):
        river_graph.said({"a": Path("x")})
