"""A search by several processes, on a Dask cluster, beyond its grid, and killed in its midst."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster
from processes import kill
from sample_models import MIXED, NUMBERS, labels, rows

from consumers.trainer.means import means
from events.errors import ScoreloopError
from events.settings import Settings
from models import search
from models.families import ESTIMATORS
from models.frame import frame
from models.grids import GRIDS, RANGES, ParameterGrid
from models.journal import Journal, named
from models.pipelines import outputs
from models.problem import Candidate, problem
from models.proposals import Proposals
from models.registry import SEARCHES, Registry
from models.training import Trained, train

COUNT = 150
TRIALS = 18
"""Beyond the grid, in more than one batch."""


def stream(folder: Path, **training: Any) -> Settings:
    """`MIXED` with a registry of its own."""
    quick = {"families": ("linear", "tree"), "folds": 2, "trials": TRIALS, **training}
    return MIXED.model_copy(
        update={
            "training": MIXED.training.model_copy(update=quick),
            "registry": MIXED.registry.model_copy(update={"url": str(folder)}),
        }
    )


def trained(settings: Settings, told: Callable[[str], None] = lambda _: None) -> Trained:
    given = rows(settings, COUNT)
    with means(settings) as found:
        return train(settings, given, labels(settings, given), told, means=found)


def same(one: Trained, other: Trained) -> bool:
    """Bit for bit."""
    seen = frame(MIXED.features, rows(MIXED, 60, seed=9))
    answers = [outputs(version.pipeline, seen, 2) for version in (one, other)]
    return (
        (one.params, one.metrics, one.reference) == (other.params, other.metrics, other.reference)
        and answers[0].tobytes() == answers[1].tobytes()
    )  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """What one process finds that nobody disturbs."""
    return trained(stream(tmp_path_factory.mktemp("alone"), processes=1))


def test_a_budget_beyond_the_grid_is_spent_on_what_optuna_proposes(alone: Trained) -> None:
    tried = [(line["family"], line["params"]) for line in alone.params["candidates"]]
    grid = [("linear", {"C": 0.1}), ("linear", {"C": 10.0})]
    assert tried[:2] == grid
    assert tried[2:4] == [
        ("tree", {"max_depth": depth, "min_samples_leaf": 20}) for depth in (4, 8)
    ]  # fmt: skip
    assert len(tried) > 12
    for family, params in tried[4:]:
        for name, (low, high) in RANGES["classification"][family].items():
            assert low <= params[name] <= high


def test_several_processes_find_what_one_finds(alone: Trained, tmp_path: Path) -> None:
    assert same(trained(stream(tmp_path, processes=2)), alone)


def test_a_search_that_was_killed_goes_on_and_finds_the_same(alone: Trained, tmp_path: Path) -> None:
    settings = stream(tmp_path, processes=2)
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    program = [sys.executable, __file__, str(tmp_path / "settings.json")]
    found = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=found) as killed:
        assert killed.stdout is not None
        for line in killed.stdout:
            if line.startswith("10 of 18"):
                break
        assert len(kill(killed)) > 2, "those that fitted for it have ended too"
    told: list[str] = []
    assert same(trained(settings, told.append), alone)
    known = [line for line in told if line.endswith(", known")]
    assert 10 <= len(known) < TRIALS
    told.clear()
    assert same(trained(settings, told.append), alone)
    assert len([line for line in told if line.endswith(", known")]) == TRIALS, "nothing is fitted again"


def test_a_killed_dask_worker_does_not_lose_the_search(alone: Trained, tmp_path: Path) -> None:
    with closing(
        LocalCluster(n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None)
    ) as cluster:
        settings = stream(tmp_path, dask=cluster.scheduler_address)
        workers = [nanny.pid for nanny in cluster.workers.values()]
        assert len({*workers, os.getpid()}) == 3

        def told(line: str) -> None:
            if line.startswith("3 of"):
                os.kill(workers[0], signal.SIGKILL)

        assert same(trained(settings, told), alone)


def test_a_lost_dask_cluster_is_a_sentence_and_the_search_goes_on_without(
    alone: Trained, tmp_path: Path
) -> None:
    dask.config.set({"distributed.comm.timeouts.connect": "2s"})
    lost = LocalCluster(n_workers=1, processes=False, dashboard_address=None)
    told: list[str] = []

    def close(line: str) -> None:
        if line.startswith("4 of"):
            lost.close()

    with pytest.raises(ScoreloopError, match="what was found is kept"):
        trained(stream(tmp_path, dask=lost.scheduler_address), close)
    assert same(trained(stream(tmp_path), told.append), alone)
    assert len([line for line in told if line.endswith(", known")]) >= 4


def test_without_a_cluster_the_training_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.trainer.means._ANSWER_SECONDS", 0.2)
    with (
        pytest.raises(ScoreloopError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9"),
        means(stream(tmp_path, dask="tcp://127.0.0.1:9")),
    ):
        pass


def test_another_seed_other_rows_and_other_packages_are_other_searches() -> None:
    given = rows(NUMBERS, 60)
    some = problem(NUMBERS, given, labels(NUMBERS, given))
    fewer = problem(NUMBERS, given[:50], labels(NUMBERS, given)[:50])
    seeded = problem(
        NUMBERS.model_copy(update={"training": NUMBERS.training.model_copy(update={"seed": 1})}),
        given, labels(NUMBERS, given),
    )  # fmt: skip
    folds = search.splits(some, 40, 3)
    names = {
        named(some, folds, {}), named(some, folds, {"numpy": "1"}), named(fewer, folds, {}),
        named(some, search.splits(some, 40, 2), {}), named(seeded, folds, {}),
    }  # fmt: skip
    assert len(names) == 5
    assert named(some, folds, {}) == named(problem(NUMBERS, given, labels(NUMBERS, given)), folds, {})


def test_a_journal_keeps_each_bit_and_one_that_is_broken_is_begun_anew(tmp_path: Path) -> None:
    registry, one = Registry(str(tmp_path)), Candidate("linear", {"C": 0.1})
    Journal(registry, "f" * 64)[one] = [(3, 0.1 + 0.2), "ValueError: no"]
    assert Journal(registry, "f" * 64)[one] == [(3, 0.1 + 0.2), "ValueError: no"]
    assert Journal(registry, "e" * 64)[one] is None
    (tmp_path / SEARCHES / ("f" * 64)).write_bytes(b'{"a": [')
    assert Journal(registry, "f" * 64)[one] is None


def test_what_is_proposed_follows_from_the_seed_and_what_is_told() -> None:
    def proposed(seed: int, error: float) -> list[Candidate]:
        grids, ranges = GRIDS["classification"], RANGES["classification"]
        made = Proposals(["boosting", "mlp", "naive-bayes"], grids, ranges, seed)
        made.known(Candidate("naive-bayes", {}), 0.1)
        found = []
        for _ in range(4):
            asked = made.asked(4)
            made.told([error if one.family == "mlp" else None for one in asked])
            found += asked
        return found

    assert proposed(1, 0.1) == proposed(1, 0.1) != proposed(2, 0.1)


def test_the_default_families_are_ten_candidates_or_fewer_and_the_estimators_take_all() -> None:
    for task, grids in GRIDS.items():
        assert set(grids) == {family for family, of in ESTIMATORS if of == task}
        counts = [len(ParameterGrid(grids[family])) for family in MIXED.training.families]
        assert 8 <= sum(counts) <= 10
        for family, grid in grids.items():
            ranges = RANGES[task].get(family, {})
            assert set(grid) | set(ranges) <= set(ESTIMATORS[family, task]().get_params())
            assert all(0 < low < high and type(low) is type(high) for low, high in ranges.values())


if __name__ == "__main__":
    kept = Settings.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    trained(kept, lambda line: print(line, flush=True))  # noqa: T201 (read by the test)
