"""`scoreloop data` on a stream's own outcomes, and limits that stop `train` and a retrain."""

import json
from pathlib import Path

from click.testing import CliRunner
from deciding import EVENTS, QUICK, START, alarmed, lived, outcome, result, roles
from streams import Stream

from console.data import data
from consumers.trainer.service import run_trainer
from events import topics
from events.settings import Kafka


def test_outcomes_are_looked_at_with_their_times(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.send((outcome(i, label_ts=START + i + 500) for i in range(EVENTS)), topics.OUTCOMES)
    done = CliRunner().invoke(data, [str(stream.path), "--json"], standalone_mode=False)
    told = json.loads(done.stdout)
    assert (done.return_value, told["source"], told["rows"]) == (0, "outcomes", EVENTS)
    times = told["times"]
    assert (times["from_ts"], times["to_ts"]) == (START, START + EVENTS - 1)
    assert (times["delay_p50_ms"], times["delay_p99_ms"]) == (500, 500)


def test_a_limit_stops_train_and_a_retrain_with_a_sentence(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path, "data.most_leakage = 0.9\ndata.least_rows = 561\n" + QUICK)
    with stream.service(run_trainer, 0) as failures:
        alarmed(stream, "d-1")
        ended = result(stream, "d-1")
    assert (ended.status, roles(stream).champion) == ("rejected", 1)
    sentence = f"[data] least_rows = 561 is broken: there are only {EVENTS} labelled rows to learn from"
    assert ended.reason.startswith(sentence)
    assert failures == []
    csv = tmp_path / "rows.csv"
    lines = (f"{i % 97},{('NO', 'SE')[i % 2]},{('fraud', 'ok')[i % 2]}" for i in range(600))
    csv.write_text("\n".join(["amount,country,label", *lines]))
    with stream.command("train", stream.path.name, "--csv", csv.name) as train:
        said, _ = train.communicate(timeout=120)
    assert train.returncode == 1
    assert "scoreloop: [data] most_leakage = 0.9 is broken: country is the label by other names" in said
    assert roles(stream).champion == 1
