import json
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from console.main import scoreloop
from ops.sizing import Costs, Load, measured, sized

HOUR = 3_600_000
COSTS = Costs(
    machine="a sample", scored_a_second=50_000, joined_a_second=20_000, scorer_us=20, joiner_us=40,
    broker_us=10, scorer_mb=200, joiner_mb=300, waiting_mb=500, waiting_bytes=600, remembered_bytes=100,
    restore_us=20, kafka_bytes=2_000,
)  # fmt: skip
LOAD = Load(events=12_000, label_delay=HOUR, horizon=2 * HOUR, missing=0.25, restart=2 * HOUR)


def test_the_sums_by_hand() -> None:
    found = sized(LOAD, COSTS)
    waiting = 12_000 * (0.75 * 3_600 + 0.25 * 7_200)
    assert found.waiting_predictions == waiting == 54_000_000
    assert found.remembered_events == 12_000 * 4 * 3_600 - waiting
    assert (found.scorers, found.joiners, found.joiners_bound_by) == (1, 1, "outcomes a second")
    assert found.partitions == 4
    assert found.cores == pytest.approx(12_000 * 60e-6 / 0.6)
    assert found.memory_gb == pytest.approx(0.7)
    assert found.restart_seconds == pytest.approx(172_800_000 * 20e-6)
    assert found.joiner_disk_gb == pytest.approx((54e6 * 600 + 118.8e6 * 100) / 1e9)
    assert found.kafka_mb_a_second == pytest.approx(24)
    assert found.kafka_cores == pytest.approx(12_000 * 10e-6 * 3 / 0.6)
    assert found.kafka_disk_gb == pytest.approx(24e6 * (4 * 3_600 + 86_400) * 3 / 1e9)


def test_a_short_restart_asks_for_more_joiners_and_so_for_partitions() -> None:
    found = sized(replace(LOAD, restart=600_000), COSTS)
    assert (found.joiners, found.joiners_bound_by, found.partitions) == (6, "restart", 12)
    assert found.restart_seconds <= 600


@pytest.mark.parametrize("events", [1, 10_000, 100_000, 1_000_000])
def test_what_runs_keeps_up_with_the_measured_costs(events: float) -> None:
    costs = measured()
    found = sized(replace(LOAD, events=events), costs)
    assert found.scorers * costs.scored_a_second > events
    assert found.joiners * costs.joined_a_second > events
    assert found.partitions >= max(found.scorers, found.joiners)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(scoreloop, ["size", *arguments])


def test_the_command_prints_what_the_model_says() -> None:
    found = json.loads(run("--events", "10000", "--label-delay", "1h", "--json").output)
    assert found["load"]["horizon"] == 5_400_000
    expected = sized(Load(events=10_000, label_delay=HOUR, horizon=5_400_000), measured())
    assert found["waiting_predictions"] == expected.waiting_predictions
    assert "partitions" in run("--events", "10000", "--label-delay", "0").output


def test_a_horizon_that_most_labels_miss_is_refused() -> None:
    found = run("--events", "10", "--label-delay", "2h", "--horizon", "1h")
    assert found.exit_code == 2
    assert "--horizon 1h is shorter than --label-delay 2h" in found.output
